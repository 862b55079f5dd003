"""The operations that a person has to be told about before they run, by what they can reach.

Taken once from TensorFlow 2.21's registry, without its test and internal operations. `other` are those that compile
code, belong to hardware that a desktop lacks, or do what no training graph needs.
"""

from __future__ import annotations

from typing import Final, Literal

RiskKind = Literal["files", "python", "network", "other", "unknown"]

_FILES = """
    CSVDataset CSVDatasetV2 CacheDataset CacheDatasetV2 CalibrationStatisticsSaver CloseSummaryWriter
    ConvertToListOfSparseCoreCooTensors CreateSummaryDbWriter CreateSummaryFileWriter DTensorRestoreV2
    DatasetToTFRecord DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary
    DebugNumericSummaryV2 DumpTensor ExperimentalCSVDataset ExperimentalDatasetToTFRecord
    ExperimentalLMDBDataset ExperimentalSetStatsAggregatorDataset ExperimentalSqlDataset
    ExperimentalStatsAggregatorHandle ExperimentalStatsAggregatorSummary FileSystemSetConfiguration
    FixedLengthRecordDataset FixedLengthRecordDatasetV2 FixedLengthRecordReader FixedLengthRecordReaderV2
    FixedUnigramCandidateSampler FlushSummaryWriter GenerateVocabRemapping
    GetMinibatchesInCsrWithPhysicalReplica IdentityReader IdentityReaderV2 ImmutableConst ImportEvent
    InitializeTableFromTextFile InitializeTableFromTextFileV2 LMDBDataset LMDBReader ListSnapshotChunksDataset
    LoadAndRemapMatrix LoadDataset MatchingFiles MatchingFilesDataset MergeV2Checkpoints PrintV2 ReadFile
    ReaderNumRecordsProduced ReaderNumRecordsProducedV2 ReaderNumWorkUnitsCompleted
    ReaderNumWorkUnitsCompletedV2 ReaderRead ReaderReadUpTo ReaderReadUpToV2 ReaderReadV2 ReaderReset
    ReaderResetV2 ReaderRestoreState ReaderRestoreStateV2 ReaderSerializeState ReaderSerializeStateV2
    RecordInput Restore RestoreSlice RestoreV2 Save SaveDataset SaveDatasetV2 SaveSlices SaveV2
    SetStatsAggregatorDataset Skipgram SnapshotChunkDataset SnapshotDataset SnapshotDatasetReader SnapshotDatasetV2
    SnapshotNestedDatasetReader SqlDataset StatsAggregatorHandle StatsAggregatorHandleV2
    StatsAggregatorSetSummaryWriter StatsAggregatorSummary StoreMinibatchStatisticsInFdo SummaryWriter
    TFRecordDataset TFRecordDatasetV2 TFRecordReader TFRecordReaderV2 TextLineDataset TextLineReader
    TextLineReaderV2 WholeFileReader WholeFileReaderV2 WriteAudioSummary WriteFile WriteGraphSummary
    WriteHistogramSummary WriteImageSummary WriteRawProtoSummary WriteScalarSummary WriteSummary
"""
_PYTHON = """
    Abort EagerPyFunc GeneratorDataset PyFunc PyFuncStateless
"""
_NETWORK = """
    AllToAll AnonymousMultiDeviceIterator AnonymousMultiDeviceIteratorV3 CollateTPUEmbeddingMemory
    CollectiveAllToAllV2 CollectiveAllToAllV3 CollectiveAssignGroupV2 CollectiveBcastRecv CollectiveBcastRecvV2
    CollectiveBcastSend CollectiveBcastSendV2 CollectiveGather CollectiveGatherV2
    CollectiveInitializeCommunicator CollectivePermute CollectiveReduce CollectiveReduceScatterV2
    CollectiveReduceV2 CollectiveReduceV3 ConfigureAndInitializeGlobalTPU ConfigureDistributedTPU
    ConfigureTPUEmbedding ConfigureTPUEmbeddingHost ConfigureTPUEmbeddingMemory ConnectTPUEmbeddingHosts
    CrossReplicaSum DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4
    DistributedSave DynamicEnqueueTPUEmbeddingArbitraryTensorBatch DynamicEnqueueTPUEmbeddingRaggedTensorBatch
    EnqueueTPUEmbeddingArbitraryTensorBatch EnqueueTPUEmbeddingBatch EnqueueTPUEmbeddingIntegerBatch
    EnqueueTPUEmbeddingRaggedTensorBatch EnqueueTPUEmbeddingSparseBatch EnqueueTPUEmbeddingSparseTensorBatch
    ExecuteTPUEmbeddingPartitioner FinalizeTPUEmbedding FinalizeTPUEmbeddingV2 GetTpuTaskId InfeedDequeue
    InfeedDequeueTuple InfeedEnqueue InfeedEnqueuePrelinearizedBuffer InfeedEnqueueTuple
    IsTPUEmbeddingInitialized LoadAllTPUEmbeddingParameters LoadTPUEmbeddingADAMParameters
    LoadTPUEmbeddingAdadeltaParameters LoadTPUEmbeddingAdagradMomentumParameters
    LoadTPUEmbeddingAdagradParameters LoadTPUEmbeddingCenteredRMSPropParameters LoadTPUEmbeddingFTRLParameters
    LoadTPUEmbeddingFrequencyEstimatorParameters LoadTPUEmbeddingMDLAdagradLightParameters
    LoadTPUEmbeddingMomentumParameters LoadTPUEmbeddingProximalAdagradParameters
    LoadTPUEmbeddingProximalYogiParameters LoadTPUEmbeddingRMSPropParameters
    LoadTPUEmbeddingStochasticGradientDescentParameters MultiDeviceIterator MultiDeviceIteratorFromStringHandle
    MultiDeviceIteratorGetNextFromShard MultiDeviceIteratorInit MultiDeviceIteratorToStringHandle NcclAllReduce
    NcclBroadcast NcclReduce OutfeedDequeue OutfeedDequeueTuple OutfeedDequeueTupleV2 OutfeedDequeueV2
    OutfeedEnqueue OutfeedEnqueueTuple Recv RecvTPUEmbeddingActivations RegisterDataset RegisterDatasetV2
    RemoteCall RetrieveAllTPUEmbeddingParameters RetrieveTPUEmbeddingADAMParameters
    RetrieveTPUEmbeddingAdadeltaParameters RetrieveTPUEmbeddingAdagradMomentumParameters
    RetrieveTPUEmbeddingAdagradParameters RetrieveTPUEmbeddingCenteredRMSPropParameters
    RetrieveTPUEmbeddingFTRLParameters RetrieveTPUEmbeddingFrequencyEstimatorParameters
    RetrieveTPUEmbeddingMDLAdagradLightParameters RetrieveTPUEmbeddingMomentumParameters
    RetrieveTPUEmbeddingProximalAdagradParameters RetrieveTPUEmbeddingProximalYogiParameters
    RetrieveTPUEmbeddingRMSPropParameters RetrieveTPUEmbeddingStochasticGradientDescentParameters RpcCall
    RpcCheckStatus RpcClient RpcGetValue RpcServer RpcServerRegister RpcServerStart Send
    SendTPUEmbeddingGradients ShutdownDistributedTPU ShutdownTPUSystem SyncDevice
    TPUAnnotateTensorsWithDynamicShape TPUCompilationResult TPUCompile TPUCompileSucceededAssert
    TPUCopyWithDynamicShape TPUDummyInput TPUEmbeddingActivations TPUExecute TPUExecuteAndUpdateVariables
    TPUOrdinalSelector TPUPartitionedCall TPUPartitionedInput TPUPartitionedInputV2 TPUPartitionedOutput
    TPUPartitionedOutputV2 TPUReplicateMetadata TPUReplicatedInput TPUReplicatedOutput TPUReshardVariables
    TPURoundRobin TpuHandleToProtoKey WorkerHeartbeat
"""
_OTHER = """
    AnonymousMemoryCache AssertCardinalityDataset AssertNextDataset AssertPrevDataset AssignVariableXlaConcatND
    AutoShardDataset Batch BatchFunction BytesProducedStatsDataset CheckPinned ChooseFastestBranchDataset
    ChooseFastestDataset CompressElement ComputeDedupDataSize ComputeDedupDataSizeV2 ComputeDedupDataTupleMask
    ComputeDedupDataTupleMaskV2 ConsumeMutexLock ConvertToCooTensor ConvertToSparseCoreCsrWrappedCooTensor Copy
    CopyHost CopyToMesh CopyToMeshGrad CustomAggregator DTensorAllGather DTensorAllReduce DTensorAllScatter
    DTensorAllToAll DTensorReduceScatter DTensorSetGlobalTPUArray DatasetCardinality DatasetFingerprint
    DatasetFromGraph DatasetToGraph DatasetToGraphV2 DatasetToSingleElement DecodeGif DecodeProtoV2
    DeleteMemoryCache DeleteMultiDeviceIterator DeleteRpcFutureResource DeleteSessionTensor DeserializeIterator
    DestroyResourceOp DeviceIndex DtypeWithDefaultOp
    EncodeProto ExperimentalAssertNextDataset ExperimentalAutoShardDataset ExperimentalBytesProducedStatsDataset
    ExperimentalChooseFastestDataset ExperimentalDatasetCardinality ExperimentalIteratorGetDevice
    ExperimentalLatencyStatsDataset ExperimentalMatchingFilesDataset ExperimentalMaxIntraOpParallelismDataset
    ExperimentalNonSerializableDataset ExperimentalPrivateThreadPoolDataset ExperimentalRebatchDataset
    ExperimentalSleepDataset ExperimentalThreadPoolDataset ExperimentalThreadPoolHandle FakeQueue
    FinalizeDataset GetMinibatchSplitsWithPhysicalReplica GetOptions GetSessionHandle GetSessionHandleV2
    GetSessionTensor GetStatsFromListOfSparseCoreCooTensors GlobalIterId IsResourceHandleRefCounting
    IteratorGetDevice IteratorGetModelProto LatencyStatsDataset MakeWeakResourceHandle
    MaxIntraOpParallelismDataset MergeDedupData MlirPassthroughOp MutexLock MutexV2 NonSerializableDataset
    OptimizeDatasetV2 Prelinearize PrelinearizeTuple PrivateThreadPoolDataset ReadVariableXlaSplitND
    RebatchDatasetV2 Relayout RelayoutLike RewriteDataset SerializeIterator SleepDataset SleepIdentityOp SleepOp
    SortListOfSparseCoreCooTensors SplitDedupData ThreadPoolDataset ThreadPoolHandle TwoRefsIn Unbatch
    UnbatchGrad UncompressElement UniformQuantize UniformQuantizedAdd UniformQuantizedClipByValue
    UniformQuantizedConvolution UniformQuantizedConvolutionHybrid UniformQuantizedDot UniformQuantizedDotHybrid
    UnwrapDatasetVariant UpdateTaskIdAndGlobalCoreArray WrapDatasetVariant XlaAllReduce XlaBroadcastHelper
    XlaCallModule XlaClusterOutput XlaConcatND XlaConv XlaConvV2 XlaCustomCall XlaCustomCallV2 XlaDequantize
    XlaDot XlaDotV2 XlaDynamicSlice XlaDynamicUpdateSlice XlaEinsum XlaGather XlaHostCompute XlaIf
    XlaKeyValueSort XlaLaunch XlaLaunchV2 XlaOptimizationBarrier XlaPad XlaRecv XlaRecvFromHost
    XlaRecvTPUEmbeddingActivations XlaRecvTPUEmbeddingActivationsV2 XlaRecvTPUEmbeddingDeduplicationData
    XlaRecvTPUEmbeddingDeduplicationDataV2 XlaReduce XlaReducePrecision XlaReduceScatter XlaReduceWindow
    XlaRemoveDynamicDimensionSize XlaReplicaId XlaRngBitGenerator XlaScatter XlaSelectAndScatter
    XlaSelfAdjointEig XlaSend XlaSendTPUEmbeddingGradients XlaSendTPUEmbeddingGradientsV2 XlaSendToHost
    XlaSetBound XlaSetDynamicDimensionSize XlaSharding XlaSort XlaSparseActivationsUnstack XlaSparseCoreAdagrad
    XlaSparseCoreAdagradMomentum XlaSparseCoreAdam XlaSparseCoreFtrl XlaSparseCoreSgd XlaSparseDenseMatmul
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdagradAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdagradMomentumAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdamAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithFtrlAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcGradWithSgdAndCsrInput
    XlaSparseDenseMatmulCustomCombinerOnTcWithCsrInput XlaSparseDenseMatmulGradWithAdagradAndCsrInput
    XlaSparseDenseMatmulGradWithAdagradAndStaticBufferSize
    XlaSparseDenseMatmulGradWithAdagradMomentumAndCsrInput
    XlaSparseDenseMatmulGradWithAdagradMomentumAndStaticBufferSize XlaSparseDenseMatmulGradWithAdamAndCsrInput
    XlaSparseDenseMatmulGradWithAdamAndStaticBufferSize XlaSparseDenseMatmulGradWithCsrInput
    XlaSparseDenseMatmulGradWithFtrlAndCsrInput XlaSparseDenseMatmulGradWithFtrlAndStaticBufferSize
    XlaSparseDenseMatmulGradWithSgdAndCsrInput XlaSparseDenseMatmulGradWithSgdAndStaticBufferSize
    XlaSparseDenseMatmulWithCsrInput XlaSparseDenseMatmulWithStaticBufferSize XlaSparseGradientsStack XlaSplitND
    XlaSpmdFullToShardShape XlaSpmdShardToFullShape XlaSvd XlaVariadicReduce XlaVariadicReduceV2 XlaVariadicSort
    XlaWhile
"""

_KINDS: Final[dict[str, RiskKind]] = {
    **dict.fromkeys(_OTHER.split(), "other"),
    **dict.fromkeys(_NETWORK.split(), "network"),
    **dict.fromkeys(_PYTHON.split(), "python"),
    **dict.fromkeys(_FILES.split(), "files"),
}


def kind_of_risk(op: str) -> RiskKind:
    """What an operation that is not allow-listed can reach; `unknown` for one that TensorFlow 2.21 does not have."""
    return _KINDS.get(op, "unknown")
