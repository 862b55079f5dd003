"""What operations give: how the outputs of a node are called in a function, and in which order they come.

For files that do not say it of the operations in their functions. Taken once from TensorFlow 2.21's registry, for the
operations in `safe_ops`: those with several outputs are listed here, each output one tensor, and those of which it is
not said: it depends on their attributes, or nobody trains with them. All others have one output.
"""

from __future__ import annotations

from typing import Final

from ckpt_studio.formats.meta_graph.safe_ops import SAFE_OPS

_SEVERAL: Final = """
    AllCandidateSampler sampled_candidates true_expected_count sampled_expected_count; ApproxTopK values
    indices; BatchNormWithGlobalNormalizationGrad dx dm dv db dg; BatchSelfAdjointEigV2 e v; BatchSvd s u v;
    BlockLSTM i cs f o ci co h; BlockLSTMGrad x_grad cs_prev_grad h_prev_grad w_grad wci_grad wcf_grad
    wco_grad b_grad; BlockLSTMGradV2 x_grad cs_prev_grad h_prev_grad w_grad wci_grad wcf_grad wco_grad
    b_grad; BlockLSTMV2 i cs f o ci co h; BroadcastGradientArgs r0 r1; CTCGreedyDecoder decoded_indices
    decoded_values decoded_shape log_probability; CTCLoss loss gradient; CTCLossV2 loss gradient;
    CombinedNonMaxSuppression nmsed_boxes nmsed_scores nmsed_classes valid_detections; CudnnRNN output
    output_h output_c reserve_space; CudnnRNNBackprop input_backprop input_h_backprop input_c_backprop
    params_backprop; CudnnRNNBackpropV2 input_backprop input_h_backprop input_c_backprop params_backprop;
    CudnnRNNBackpropV3 input_backprop input_h_backprop input_c_backprop params_backprop; CudnnRNNV2 output
    output_h output_c reserve_space host_reserved; CudnnRNNV3 output output_h output_c reserve_space
    host_reserved; DenseCountSparseOutput output_indices output_values output_dense_shape;
    DenseToDenseSetOperation result_indices result_values result_shape; DenseToSparseSetOperation
    result_indices result_values result_shape; Eig e v; FractionalAvgPool output row_pooling_sequence
    col_pooling_sequence; FractionalMaxPool output row_pooling_sequence col_pooling_sequence; FusedBatchNorm
    y batch_mean batch_variance reserve_space_1 reserve_space_2; FusedBatchNormGrad x_backprop scale_backprop
    offset_backprop reserve_space_3 reserve_space_4; FusedBatchNormGradV2 x_backprop scale_backprop
    offset_backprop reserve_space_3 reserve_space_4; FusedBatchNormGradV3 x_backprop scale_backprop
    offset_backprop reserve_space_4 reserve_space_5; FusedBatchNormV2 y batch_mean batch_variance
    reserve_space_1 reserve_space_2; FusedBatchNormV3 y batch_mean batch_variance reserve_space_1
    reserve_space_2 reserve_space_3; GRUBlockCell r u c h; GRUBlockCellGrad d_x d_h_prev d_c_bar
    d_r_bar_u_bar; LSTMBlockCell i cs f o ci co h; LSTMBlockCellGrad cs_prev_grad dicfo wci_grad wcf_grad
    wco_grad; LearnedUnigramCandidateSampler sampled_candidates true_expected_count sampled_expected_count;
    ListDiff out idx; LogMatrixDeterminant sign log_abs_determinant; LogUniformCandidateSampler
    sampled_candidates true_expected_count sampled_expected_count; Lu lu p; MaxPoolWithArgmax output argmax;
    Merge output value_index; NonMaxSuppressionV4 selected_indices valid_outputs; NonMaxSuppressionV5
    selected_indices selected_scores valid_outputs; Qr q r; RefMerge output value_index; RefSwitch
    output_false output_true; SelfAdjointEigV2 e v; SoftmaxCrossEntropyWithLogits loss backprop;
    SparseAccumulatorTakeGradient indices values shape; SparseAdd sum_indices sum_values sum_shape;
    SparseAddGrad a_val_grad b_val_grad; SparseConcat output_indices output_values output_shape;
    SparseCountSparseOutput output_indices output_values output_dense_shape; SparseCross output_indices
    output_values output_shape; SparseCrossHashed output_indices output_values output_shape; SparseCrossV2
    output_indices output_values output_shape; SparseFillEmptyRows output_indices output_values
    empty_row_indicator reverse_index_map; SparseFillEmptyRowsGrad d_values d_default_value;
    SparseReduceMaxSparse output_indices output_values output_shape; SparseReduceSumSparse output_indices
    output_values output_shape; SparseReorder output_indices output_values; SparseReshape output_indices
    output_shape; SparseSegmentMeanGradV2 output sorted_unique_indices; SparseSegmentSqrtNGradV2 output
    sorted_unique_indices; SparseSegmentSumGradV2 output sorted_unique_indices; SparseSlice output_indices
    output_values output_shape; SparseSoftmaxCrossEntropyWithLogits loss backprop; SparseSparseMaximum
    output_indices output_values; SparseSparseMinimum output_indices output_values;
    SparseToSparseSetOperation result_indices result_values result_shape; StatelessRandomGetKeyCounter key
    counter; StatelessRandomGetKeyCounterAlg key counter alg; StatelessSampleDistortedBoundingBox begin size
    bboxes; StringNGrams ngrams ngrams_splits; StringSplit indices values shape; StringSplitV2 indices values
    shape; Svd s u v; Switch output_false output_true; TakeManySparseFromTensorsMap sparse_indices
    sparse_values sparse_shape; TensorArrayConcat value lengths; TensorArrayConcatV2 value lengths;
    TensorArrayConcatV3 value lengths; TensorArrayGradV3 grad_handle flow_out; TensorArrayGradWithShape
    grad_handle flow_out; TensorArrayV3 handle flow; ThreadUnsafeUnigramCandidateSampler sampled_candidates
    true_expected_count sampled_expected_count; TopK values indices; TopKUnique topk topk_indices; TopKV2
    values indices; TopKWithUnique topk topk_indices; UnicodeDecode row_splits char_values;
    UnicodeDecodeWithOffsets row_splits char_values char_to_byte_starts; UniformCandidateSampler
    sampled_candidates true_expected_count sampled_expected_count; Unique y idx; UniqueV2 y idx;
    UniqueWithCounts y idx count; UniqueWithCountsV2 y idx count
"""
_OUTPUTS: Final = {name: tuple(outputs) for name, *outputs in (text.split() for text in _SEVERAL.split(";"))}
_DEPENDS: Final = """
    AnonymousIteratorV2 AnonymousRandomSeedGenerator AnonymousSeedGenerator BarrierTakeMany
    BoostedTreesCalculateBestFeatureSplit BoostedTreesCalculateBestFeatureSplitV2
    BoostedTreesCalculateBestGainsPerFeature BoostedTreesGetEnsembleStates BoostedTreesSerializeEnsemble
    BoostedTreesSparseAggregateStats BoostedTreesSparseCalculateBestFeatureSplit BoostedTreesTrainingPredict
    CSRSparseMatrixComponents CSRSparseMatrixToSparseTensor CTCBeamSearchDecoder ComputeAccidentalHits
    CudnnRNNParamsToCanonical CudnnRNNParamsToCanonicalV2 DecodeWav DeserializeManySparse DeserializeSparse
    FakeQuantWithMinMaxVarsGradient FakeQuantWithMinMaxVarsPerChannelGradient GenerateBoundingBoxProposals
    IsotonicRegression LookupTableExport LookupTableExportV2 MapUnstageNoKey NearestNeighbors
    OrderedMapUnstageNoKey ParseExample ParseExampleV2 ParseSequenceExample ParseSequenceExampleV2
    ParseSingleExample ParseSingleSequenceExample QuantizeAndDequantizeV4Grad QuantizeDownAndShrinkRange
    QuantizeV2 QuantizedAdd QuantizedAvgPool QuantizedBatchNormWithGlobalNormalization QuantizedBiasAdd
    QuantizedConcat QuantizedConcatV2 QuantizedConv2D QuantizedConv2DAndRelu
    QuantizedConv2DAndReluAndRequantize QuantizedConv2DAndRequantize QuantizedConv2DPerChannel
    QuantizedConv2DWithBias QuantizedConv2DWithBiasAndRelu QuantizedConv2DWithBiasAndReluAndRequantize
    QuantizedConv2DWithBiasAndRequantize QuantizedConv2DWithBiasSignedSumAndReluAndRequantize
    QuantizedConv2DWithBiasSumAndRelu QuantizedConv2DWithBiasSumAndReluAndRequantize QuantizedDepthwiseConv2D
    QuantizedDepthwiseConv2DWithBias QuantizedDepthwiseConv2DWithBiasAndRelu
    QuantizedDepthwiseConv2DWithBiasAndReluAndRequantize QuantizedInstanceNorm QuantizedMatMul
    QuantizedMatMulWithBias QuantizedMatMulWithBiasAndRelu QuantizedMatMulWithBiasAndReluAndRequantize
    QuantizedMatMulWithBiasAndRequantize QuantizedMaxPool QuantizedMul QuantizedRelu QuantizedRelu6
    QuantizedReluX QuantizedReshape QuantizedResizeBilinear RaggedCountSparseOutput RaggedCross
    RaggedFillEmptyRows RaggedFillEmptyRowsGrad RaggedGather RaggedRange RaggedTensorFromVariant
    RaggedTensorToSparse RequantizationRange RequantizationRangePerChannel Requantize RequantizePerChannel
    SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 SdcaOptimizer SdcaOptimizerV2 SparseSplit
    TensorListConcat TensorListConcatV2 TensorListPopBack
"""
_UNSURE: Final = frozenset(_DEPENDS.split())


def outputs_of(op: str) -> tuple[str, ...] | None:
    """The names of an operation's outputs; () where it has one, which may be a list, None where that is not known."""
    if op in _OUTPUTS:
        return _OUTPUTS[op]
    return None if op in _UNSURE or op not in SAFE_OPS else ()
