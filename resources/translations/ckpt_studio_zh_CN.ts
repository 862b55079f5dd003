<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name>AboutDialog</name>
    <message>
        <source>About Ckpt Studio</source>
        <translation>关于 Ckpt Studio</translation>
    </message>
    <message>
        <source>Browse, edit and resume TensorFlow checkpoints on the desktop.</source>
        <translation>在桌面上浏览、修改 TensorFlow 检查点，并从检查点继续训练。</translation>
    </message>
    <message>
        <source>Licence: Apache-2.0</source>
        <translation>许可证：Apache-2.0</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>&amp;About Ckpt Studio</source>
        <translation>关于 Ckpt Studio(&amp;A)</translation>
    </message>
    <message>
        <source>&amp;Assign…</source>
        <translation>赋值(&amp;A)…</translation>
    </message>
    <message>
        <source>&amp;Commands…</source>
        <translation>命令(&amp;C)…</translation>
    </message>
    <message>
        <source>&amp;Compare With…</source>
        <translation>比较(&amp;C)…</translation>
    </message>
    <message>
        <source>&amp;Drop</source>
        <translation>移除(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>编辑(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;Expand All</source>
        <translation>全部展开(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Filter Variables</source>
        <translation>筛选变量(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Freeze</source>
        <translation>冻结(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Go to Variable…</source>
        <translation>转到变量(&amp;G)…</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
    <message>
        <source>&amp;Keys and First Steps</source>
        <translation>快捷键与入门(&amp;K)</translation>
    </message>
    <message>
        <source>&amp;Licences</source>
        <translation>许可证(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;Open…</source>
        <translation>打开(&amp;O)…</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>退出(&amp;Q)</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>重做(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Redo %1</source>
        <translation>重做 %1(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Rename…</source>
        <translation>重命名(&amp;R)…</translation>
    </message>
    <message>
        <source>&amp;Reset Layout</source>
        <translation>重置布局(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Resume Training…</source>
        <translation>继续训练(&amp;R)…</translation>
    </message>
    <message>
        <source>&amp;Run</source>
        <translation>运行(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>停止(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Swap From…</source>
        <translation>从其他检查点替换(&amp;S)…</translation>
    </message>
    <message>
        <source>&amp;Tensor</source>
        <translation>张量(&amp;T)</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>撤销(&amp;U)</translation>
    </message>
    <message>
        <source>&amp;Undo %1</source>
        <translation>撤销 %1(&amp;U)</translation>
    </message>
    <message>
        <source>&amp;Unfreeze</source>
        <translation>解冻(&amp;U)</translation>
    </message>
    <message>
        <source>&amp;Verify</source>
        <translation>校验(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Watch a Run…</source>
        <translation>观看运行(&amp;W)…</translation>
    </message>
    <message>
        <source>&amp;Window</source>
        <translation>窗口(&amp;W)</translation>
    </message>
    <message>
        <source>&amp;Write…</source>
        <translation>写入(&amp;W)…</translation>
    </message>
    <message>
        <source>A resumed run may change the selected variables</source>
        <translation>继续训练时可以更改所选变量</translation>
    </message>
    <message>
        <source>A resumed run must not change the selected variables</source>
        <translation>继续训练时不得更改所选变量</translation>
    </message>
    <message>
        <source>Add a variable to the checkpoint</source>
        <translation>向检查点添加一个变量</translation>
    </message>
    <message>
        <source>Avera&amp;ge…</source>
        <translation>求平均(&amp;G)…</translation>
    </message>
    <message>
        <source>Cas&amp;t…</source>
        <translation>转换类型(&amp;T)…</translation>
    </message>
    <message>
        <source>Check &amp;Health</source>
        <translation>健康检查(&amp;H)</translation>
    </message>
    <message>
        <source>Close this window</source>
        <translation>关闭此窗口</translation>
    </message>
    <message>
        <source>Colla&amp;pse All</source>
        <translation>全部折叠(&amp;P)</translation>
    </message>
    <message>
        <source>Compare every checksum, and list what is damaged, missing or overlapping</source>
        <translation>核对所有校验和，列出损坏、缺失或重叠的内容</translation>
    </message>
    <message>
        <source>Compare…</source>
        <translation>比较…</translation>
    </message>
    <message>
        <source>Copy &amp;Key</source>
        <translation>复制键(&amp;K)</translation>
    </message>
    <message>
        <source>Copy &amp;Name</source>
        <translation>复制名称(&amp;N)</translation>
    </message>
    <message>
        <source>Copy &amp;Object Path</source>
        <translation>复制对象路径(&amp;O)</translation>
    </message>
    <message>
        <source>Copy Checkpoint &amp;Path</source>
        <translation>复制检查点路径(&amp;P)</translation>
    </message>
    <message>
        <source>Copy the Edits as &amp;JSON</source>
        <translation>将修改复制为 JSON(&amp;J)</translation>
    </message>
    <message>
        <source>Copy the full names of the selected variables, a line each</source>
        <translation>复制所选变量的全名，每行一个</translation>
    </message>
    <message>
        <source>Copy the keys of the selected variables: their names in the file</source>
        <translation>复制所选变量的键，即它们在文件中的名称</translation>
    </message>
    <message>
        <source>Copy the object paths of the selected variables</source>
        <translation>复制所选变量的对象路径</translation>
    </message>
    <message>
        <source>Copy the patch: ckpt-studio apply replays it on another checkpoint</source>
        <translation>复制补丁：ckpt-studio apply 可将其应用于另一个检查点</translation>
    </message>
    <message>
        <source>Copy the path of the checkpoint</source>
        <translation>复制检查点的路径</translation>
    </message>
    <message>
        <source>Find a variable by its name and look at it</source>
        <translation>按名称查找并查看变量</translation>
    </message>
    <message>
        <source>Find anything that the program can do</source>
        <translation>查找程序的任何功能</translation>
    </message>
    <message>
        <source>Finish the step, save a checkpoint and end the run</source>
        <translation>完成当前步，保存检查点并结束运行</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>Freeze</source>
        <translation>冻结</translation>
    </message>
    <message>
        <source>Give the selected variables a value, an array of a file or an initializer&apos;s</source>
        <translation>给所选变量一个值、文件中的数组或初始化器的值</translation>
    </message>
    <message>
        <source>Give the selected variables another element type</source>
        <translation>给所选变量换一种元素类型</translation>
    </message>
    <message>
        <source>Give the selected variables another shape, or their axes another order</source>
        <translation>改变所选变量的形状或轴的顺序</translation>
    </message>
    <message>
        <source>Give the selected variables other names, one by one or by a rule</source>
        <translation>给所选变量改名，逐个改或按规则改</translation>
    </message>
    <message>
        <source>Give the selected variables, or all, their mean over checkpoints of the folder</source>
        <translation>让所选（或全部）变量取文件夹中各检查点的平均值</translation>
    </message>
    <message>
        <source>Go on training from this checkpoint, with the staged edits, in the background</source>
        <translation>从此检查点出发，带着暂存的修改在后台继续训练</translation>
    </message>
    <message>
        <source>Go to the filter field</source>
        <translation>转到筛选框</translation>
    </message>
    <message>
        <source>Health</source>
        <translation>健康</translation>
    </message>
    <message>
        <source>Leave out optimizer state or moving averages; see what that saves</source>
        <translation>去掉优化器状态或移动平均，并查看节省了多少</translation>
    </message>
    <message>
        <source>Leave the selected variables and their slots out of what is written</source>
        <translation>写入时不包含所选变量及其优化器槽</translation>
    </message>
    <message>
        <source>List what differs from another checkpoint, and see both in the plots</source>
        <translation>列出与另一检查点的差异，并在图中同时查看两者</translation>
    </message>
    <message>
        <source>Look for NaN, infinities, dead rows and other trouble in all values</source>
        <translation>在所有值中查找 NaN、无穷大、全零行等问题</translation>
    </message>
    <message>
        <source>Multiply the selected variables by a factor and add an offset</source>
        <translation>将所选变量乘以系数再加偏移</translation>
    </message>
    <message>
        <source>Ne&amp;w Variable…</source>
        <translation>新建变量(&amp;W)…</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Open &amp;Folder…</source>
        <translation>打开文件夹(&amp;F)…</translation>
    </message>
    <message>
        <source>Open a file of a checkpoint</source>
        <translation>打开检查点的一个文件</translation>
    </message>
    <message>
        <source>Open a working copy of the small checkpoint that comes with the program</source>
        <translation>打开程序自带的小型检查点的工作副本</translation>
    </message>
    <message>
        <source>Open the &amp;Sample</source>
        <translation>打开示例(&amp;S)</translation>
    </message>
    <message>
        <source>Open the Log &amp;Folder</source>
        <translation>打开日志文件夹(&amp;F)</translation>
    </message>
    <message>
        <source>Open the newest checkpoint of a folder</source>
        <translation>打开文件夹中最新的检查点</translation>
    </message>
    <message>
        <source>Put a number in place of every NaN of the selected variables</source>
        <translation>用一个数代替所选变量中的每个 NaN</translation>
    </message>
    <message>
        <source>Put all panels back to their places</source>
        <translation>将所有面板恢复原位</translation>
    </message>
    <message>
        <source>Re&amp;load</source>
        <translation>重新加载(&amp;L)</translation>
    </message>
    <message>
        <source>Re&amp;vert All</source>
        <translation>全部还原(&amp;V)</translation>
    </message>
    <message>
        <source>Read the checkpoint again from the disk</source>
        <translation>从磁盘重新读取检查点</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>重做</translation>
    </message>
    <message>
        <source>Replace &amp;NaN…</source>
        <translation>替换 NaN(&amp;N)…</translation>
    </message>
    <message>
        <source>Res&amp;hape or Transpose…</source>
        <translation>变形或转置(&amp;H)…</translation>
    </message>
    <message>
        <source>Resume…</source>
        <translation>继续训练…</translation>
    </message>
    <message>
        <source>Revert</source>
        <translation>还原</translation>
    </message>
    <message>
        <source>Revert every staged edit (can be undone)</source>
        <translation>还原所有暂存的修改（可撤销）</translation>
    </message>
    <message>
        <source>Sca&amp;le or Shift…</source>
        <translation>缩放或平移(&amp;L)…</translation>
    </message>
    <message>
        <source>Set St&amp;ep…</source>
        <translation>设置步数(&amp;E)…</translation>
    </message>
    <message>
        <source>Set the counters of training steps</source>
        <translation>设置训练步数的计数器</translation>
    </message>
    <message>
        <source>Show &amp;Keys</source>
        <translation>显示键(&amp;K)</translation>
    </message>
    <message>
        <source>Show &amp;Object Paths</source>
        <translation>显示对象路径(&amp;O)</translation>
    </message>
    <message>
        <source>Show Full &amp;Names</source>
        <translation>显示全名(&amp;N)</translation>
    </message>
    <message>
        <source>Show a run that goes on without a window</source>
        <translation>显示在没有窗口时继续的运行</translation>
    </message>
    <message>
        <source>Show every variable</source>
        <translation>显示所有变量</translation>
    </message>
    <message>
        <source>Show the top groups only</source>
        <translation>仅显示顶层分组</translation>
    </message>
    <message>
        <source>Show what each variable is called in the file</source>
        <translation>显示每个变量在文件中的名称</translation>
    </message>
    <message>
        <source>Show what the model calls each variable</source>
        <translation>显示模型对每个变量的称呼</translation>
    </message>
    <message>
        <source>Show where the program that saved it kept each variable</source>
        <translation>显示保存它的程序存放每个变量的位置</translation>
    </message>
    <message>
        <source>Sl&amp;im…</source>
        <translation>瘦身(&amp;I)…</translation>
    </message>
    <message>
        <source>Stage again what was taken back</source>
        <translation>重新暂存已撤销的修改</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Swap…</source>
        <translation>替换…</translation>
    </message>
    <message>
        <source>Take back the last edit</source>
        <translation>撤销上一次修改</translation>
    </message>
    <message>
        <source>Take the selected variables&apos; values from another checkpoint</source>
        <translation>从另一个检查点取得所选变量的值</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Unfreeze</source>
        <translation>解冻</translation>
    </message>
    <message>
        <source>Verify</source>
        <translation>校验</translation>
    </message>
    <message>
        <source>Version and links</source>
        <translation>版本与链接</translation>
    </message>
    <message>
        <source>What can be done, and by which key</source>
        <translation>可以做什么，用哪个快捷键</translation>
    </message>
    <message>
        <source>What the program is made of</source>
        <translation>程序由哪些部分组成</translation>
    </message>
    <message>
        <source>Where reports of mistakes are kept</source>
        <translation>保存程序错误报告的位置</translation>
    </message>
    <message>
        <source>Write a new checkpoint with the staged edits</source>
        <translation>用暂存的修改写入新的检查点</translation>
    </message>
    <message>
        <source>Write…</source>
        <translation>写入…</translation>
    </message>
</context>
<context>
    <name>AddDialog</name>
    <message>
        <source>&amp;Name:</source>
        <translation>名称(&amp;N)：</translation>
    </message>
    <message>
        <source>&amp;Shape:</source>
        <translation>形状(&amp;S)：</translation>
    </message>
    <message>
        <source>&amp;Type:</source>
        <translation>类型(&amp;T)：</translation>
    </message>
    <message>
        <source>3 × 64; empty for a scalar</source>
        <translation>3 × 64；留空表示标量</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>New variable</source>
        <translation>新建变量</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>for example {0}</source>
        <translation>例如 {0}</translation>
    </message>
</context>
<context>
    <name>ArrangeDialog</name>
    <message>
        <source>&amp;New:</source>
        <translation>新的(&amp;N)：</translation>
    </message>
    <message>
        <source>&amp;What:</source>
        <translation>内容(&amp;W)：</translation>
    </message>
    <message>
        <source>1, 0; empty turns the order around</source>
        <translation>1, 0；留空则颠倒顺序</translation>
    </message>
    <message>
        <source>3 × 64; one extent may be -1</source>
        <translation>3 × 64；其中一个可为 -1</translation>
    </message>
    <message>
        <source>Another shape, values in C order</source>
        <translation>另一形状，值按 C 顺序</translation>
    </message>
    <message>
        <source>Axes in another order</source>
        <translation>轴的另一顺序</translation>
    </message>
    <message>
        <source>New shape, or order of the axes</source>
        <translation>新形状或轴的顺序</translation>
    </message>
    <message>
        <source>Reshape or transpose</source>
        <translation>变形或转置</translation>
    </message>
    <message>
        <source>Shape now</source>
        <translation>现在的形状</translation>
    </message>
    <message>
        <source>Then</source>
        <translation>之后</translation>
    </message>
    <message>
        <source>Variable</source>
        <translation>变量</translation>
    </message>
    <message>
        <source>What changes</source>
        <translation>改变什么</translation>
    </message>
</context>
<context>
    <name>AssignDialog</name>
    <message>
        <source>Assign values</source>
        <translation>赋值</translation>
    </message>
</context>
<context>
    <name>AverageDialog</name>
    <message>
        <source>&amp;Decay:</source>
        <translation>衰减(&amp;D)：</translation>
    </message>
    <message>
        <source>&amp;How:</source>
        <translation>方式(&amp;H)：</translation>
    </message>
    <message>
        <source>&amp;Over:</source>
        <translation>范围(&amp;O)：</translation>
    </message>
    <message>
        <source>Average over checkpoints</source>
        <translation>对检查点求平均</translation>
    </message>
    <message>
        <source>Checkpoint</source>
        <translation>检查点</translation>
    </message>
    <message>
        <source>Checkpoints of the folder</source>
        <translation>文件夹中的检查点</translation>
    </message>
    <message>
        <source>Decay</source>
        <translation>衰减</translation>
    </message>
    <message>
        <source>Kind of average</source>
        <translation>平均的种类</translation>
    </message>
    <message>
        <source>Mean: each counts the same</source>
        <translation>平均：各检查点权重相同</translation>
    </message>
    <message>
        <source>Moving average (EMA), oldest first</source>
        <translation>移动平均（EMA），从最旧开始</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>步</translation>
    </message>
    <message>
        <source>Weight</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>Weighted: as the column says</source>
        <translation>加权：按列中所填</translation>
    </message>
</context>
<context>
    <name>Banner</name>
    <message>
        <source>Copy Report</source>
        <translation>复制报告</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>关闭</translation>
    </message>
</context>
<context>
    <name>Card</name>
    <message>
        <source>Batches of {0} of {1} rows, order by seed {2}</source>
        <translation>每批 {0} 行，共 {1} 行，顺序由随机种子 {2} 决定</translation>
    </message>
    <message>
        <source>Checkpoints {0}, {1}, in {2}</source>
        <translation>检查点：{0}保存，{1}，位于 {2}</translation>
    </message>
    <message>
        <source>Classes of the person&apos;s own: {0}</source>
        <translation>自定义的类：{0}</translation>
    </message>
    <message>
        <source>Continues from step {0}</source>
        <translation>从第 {0} 步继续</translation>
    </message>
    <message>
        <source>New optimizer {0}, learning rate {1}</source>
        <translation>新优化器 {0},学习率 {1}</translation>
    </message>
    <message>
        <source>No loss was found; there will be no curve</source>
        <translation>未找到损失，因此不会有曲线</translation>
    </message>
    <message>
        <source>Not in the checkpoint, {0}: {1}</source>
        <translation>检查点中没有，{0}：{1}</translation>
    </message>
    <message>
        <source>Not used, carried on unchanged: {0}</source>
        <translation>未使用，原样保留：{0}</translation>
    </message>
    <message>
        <source>Nothing is frozen</source>
        <translation>没有冻结的变量</translation>
    </message>
    <message>
        <source>One batch&apos;s loss: {0}</source>
        <translation>一个批次的损失：{0}</translation>
    </message>
    <message>
        <source>One batch&apos;s loss: {0} as it lies on disk, {1} with the staged edits</source>
        <translation>一个批次的损失：磁盘上的为 {0}，含暂存编辑的为 {1}</translation>
    </message>
    <message>
        <source>Optimizer {0}, learning rate {1}, loss {2}</source>
        <translation>优化器 {0}，学习率 {1}，损失 {2}</translation>
    </message>
    <message>
        <source>Shows the loss {0}</source>
        <translation>显示的损失：{0}</translation>
    </message>
    <message>
        <source>Steps: {0}</source>
        <translation>步数：{0}</translation>
    </message>
    <message>
        <source>Trains by {0}</source>
        <translation>训练操作：{0}</translation>
    </message>
    <message>
        <source>Until it is stopped</source>
        <translation>直到被停止</translation>
    </message>
    <message>
        <source>What binds is known when the model has been built, before the first step</source>
        <translation>模型构建之后、第一步之前才知道哪些变量能绑定</translation>
    </message>
    <message>
        <source>all are kept</source>
        <translation>全部保留</translation>
    </message>
    <message>
        <source>calls Python code, or ends the process</source>
        <translation>调用 Python 代码，或结束进程</translation>
    </message>
    <message>
        <source>can read or write files</source>
        <translation>可以读写文件</translation>
    </message>
    <message>
        <source>does what training seldom needs</source>
        <translation>执行训练很少需要的操作</translation>
    </message>
    <message>
        <source>every {0} steps</source>
        <translation>每 {0} 步</translation>
    </message>
    <message>
        <source>is not known here; it can do anything</source>
        <translation>未知操作，可能做任何事情</translation>
    </message>
    <message>
        <source>is not known to be harmless</source>
        <translation>未知是否无害</translation>
    </message>
    <message>
        <source>only at the end</source>
        <translation>仅在结束时</translation>
    </message>
    <message>
        <source>talks to other machines or devices</source>
        <translation>与其他机器或设备通信</translation>
    </message>
    <message>
        <source>the last {0} are kept</source>
        <translation>保留最后 {0} 个</translation>
    </message>
    <message>
        <source>{0} ({1}) {2}</source>
        <translation>{0}（{1}）：{2}</translation>
    </message>
    <message>
        <source>{0} and {1} more</source>
        <translation>{0} 及另外 {1} 个</translation>
    </message>
    <message>
        <source>{0} of {1} variables bind</source>
        <translation>{1} 个变量中已绑定 {0} 个</translation>
    </message>
    <message>
        <source>{0} of {1} variables bind: {2} weights and others, {3} optimizer slots</source>
        <translation>{1} 个变量中有 {0} 个绑定：{2} 个权重等，{3} 个优化器槽</translation>
    </message>
    <message>
        <source>{0} was not found; nearest: {1}</source>
        <translation>未找到 {0}；最接近的：{1}</translation>
    </message>
    <message>
        <source>~ Not exact: {0}</source>
        <translation>~ 不精确：{0}</translation>
    </message>
    <message>
        <source>≠ {0} is {1} in the checkpoint, {2} in the model</source>
        <translation>≠ {0} 在检查点中为 {1}，在模型中为 {2}</translation>
    </message>
    <message>
        <source>❄ {0} frozen, {1} update operations replaced: {2}</source>
        <translation>❄ 冻结 {0} 个变量，替换 {1} 个更新操作：{2}</translation>
    </message>
    <message>
        <source>❄ {0} frozen: {1}</source>
        <translation>❄ {0} 个已冻结：{1}</translation>
    </message>
</context>
<context>
    <name>CastDialog</name>
    <message>
        <source>Become 0</source>
        <translation>变为 0</translation>
    </message>
    <message>
        <source>Cast to another type</source>
        <translation>转换为另一类型</translation>
    </message>
    <message>
        <source>Counting what is lost</source>
        <translation>正在统计损失</translation>
    </message>
    <message>
        <source>Counting what is lost: %p %</source>
        <translation>正在统计损失：%p %</translation>
    </message>
    <message>
        <source>Elements</source>
        <translation>元素数</translation>
    </message>
    <message>
        <source>Every value stays what it is.</source>
        <translation>每个值都保持不变。</translation>
    </message>
    <message>
        <source>NaN, Inf lost</source>
        <translation>丢失的 NaN、Inf</translation>
    </message>
    <message>
        <source>New &amp;type:</source>
        <translation>新类型(&amp;T)：</translation>
    </message>
    <message>
        <source>New type</source>
        <translation>新类型</translation>
    </message>
    <message>
        <source>Overflow</source>
        <translation>溢出</translation>
    </message>
    <message>
        <source>Rounded</source>
        <translation>舍入</translation>
    </message>
    <message>
        <source>Type now</source>
        <translation>现在的类型</translation>
    </message>
    <message numerus="yes">
        <source>Values of %n variables change.</source>
        <translation>
            <numerusform>%n 个变量的值会改变。</numerusform>
        </translation>
    </message>
    <message>
        <source>Values of 1 variable change.</source>
        <translation>1 个变量的值会改变。</translation>
    </message>
    <message>
        <source>Variable</source>
        <translation>变量</translation>
    </message>
    <message>
        <source>What is lost could not be counted: {0}</source>
        <translation>无法统计损失：{0}</translation>
    </message>
</context>
<context>
    <name>ChangesPanel</name>
    <message>
        <source>Before → after</source>
        <translation>之前 → 之后</translation>
    </message>
    <message>
        <source>Copy a command line that makes the same edits and writes a new checkpoint</source>
        <translation>复制一条命令，它做同样的编辑并写出新的检查点</translation>
    </message>
    <message>
        <source>Copy all edits as a patch, for ckpt-studio apply</source>
        <translation>将所有修改复制为补丁，供 ckpt-studio apply 使用</translation>
    </message>
    <message>
        <source>Copy as JSON</source>
        <translation>复制为 JSON</translation>
    </message>
    <message>
        <source>Copy as command</source>
        <translation>复制为命令</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>修改</translation>
    </message>
    <message>
        <source>No staged edits. The checkpoint is as it was read.</source>
        <translation>没有暂存的修改。检查点与读取时相同。</translation>
    </message>
    <message>
        <source>Revert</source>
        <translation>还原</translation>
    </message>
    <message>
        <source>Revert the chosen edit (Del); this can be undone</source>
        <translation>还原所选的修改（Del）；可撤销</translation>
    </message>
    <message>
        <source>Staged edits</source>
        <translation>暂存的修改</translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>以及另外 %n 个</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>CheckpointsPanel</name>
    <message>
        <source>%1 (the run)</source>
        <translation>%1（本次运行）</translation>
    </message>
    <message numerus="yes">
        <source>%n h</source>
        <translation>
            <numerusform>%n 小时前</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n min</source>
        <translation>
            <numerusform>%n 分钟前</numerusform>
        </translation>
    </message>
    <message>
        <source>Checkpoints of the folder</source>
        <translation>文件夹中的检查点</translation>
    </message>
    <message>
        <source>Compare with this</source>
        <translation>与此比较</translation>
    </message>
    <message>
        <source>Copy path</source>
        <translation>复制路径</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>being written…</source>
        <translation>正在写入…</translation>
    </message>
    <message>
        <source>has staged edits</source>
        <translation>有暂存的修改</translation>
    </message>
    <message>
        <source>listed in the state file</source>
        <translation>已列入状态文件</translation>
    </message>
    <message>
        <source>newest</source>
        <translation>最新</translation>
    </message>
    <message>
        <source>now</source>
        <translation>刚刚</translation>
    </message>
    <message>
        <source>step %1</source>
        <translation>第 %1 步</translation>
    </message>
    <message>
        <source>● staged edits</source>
        <translation>● 有暂存的修改</translation>
    </message>
    <message>
        <source>⚠ incomplete</source>
        <translation>⚠ 不完整</translation>
    </message>
</context>
<context>
    <name>CloseDialog</name>
    <message>
        <source>&amp;Discard</source>
        <translation>放弃(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Keep for next start</source>
        <translation>保留到下次启动(&amp;K)</translation>
    </message>
    <message>
        <source>&amp;Keep running</source>
        <translation>继续运行(&amp;K)</translation>
    </message>
    <message>
        <source>&amp;Keep waiting</source>
        <translation>继续等待(&amp;K)</translation>
    </message>
    <message>
        <source>&amp;Stop and save</source>
        <translation>停止并保存(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Write…</source>
        <translation>写入(&amp;W)…</translation>
    </message>
    <message>
        <source>1 run waits for it: it begins afterwards where the run is kept, and not at all where it is stopped.</source>
        <translation>有 1 个运行在等待它：若让它继续，等待的运行会在其后开始；若停止它，则不会开始。</translation>
    </message>
    <message>
        <source>1 run waits for one that goes on without the window. It can be kept waiting, too, or never begins.</source>
        <translation>有 1 个运行在等待一个没有窗口仍在进行的运行。它也可以继续等待，否则不会开始。</translation>
    </message>
    <message>
        <source>1 staged edit of</source>
        <translation>1 项暂存的修改</translation>
    </message>
    <message>
        <source>A run is going on. It can be stopped, which finishes its step and saves a checkpoint, or be kept running without the window: the next window offers to watch it.</source>
        <translation>有一个运行正在进行。可以停止它(完成当前步并保存检查点),也可以让它在没有窗口时继续:下一个窗口会提供观看。</translation>
    </message>
    <message>
        <source>C&amp;lose</source>
        <translation>关闭(&amp;L)</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Close the window?</source>
        <translation>关闭窗口？</translation>
    </message>
    <message>
        <source>Keep &amp;runs waiting without the window</source>
        <translation>没有窗口时让运行继续等待(&amp;R)</translation>
    </message>
    <message>
        <source>Keep the &amp;run going without the window</source>
        <translation>让运行在没有窗口时继续(&amp;R)</translation>
    </message>
    <message>
        <source>The edits are in the journal; they come back when this checkpoint is opened again</source>
        <translation>修改已记入恢复日志；再次打开此检查点时会恢复</translation>
    </message>
    <message>
        <source>The run is being stopped</source>
        <translation>正在停止运行</translation>
    </message>
    <message>
        <source>{0} runs wait for it: they begin afterwards where it is kept, and not at all where it is stopped.</source>
        <translation>有 {0} 个运行在等待它：若让它继续，它们会在其后开始；若停止它，则不会开始。</translation>
    </message>
    <message>
        <source>{0} runs wait for one that goes on without the window. They can be kept waiting, too, or never begin.</source>
        <translation>有 {0} 个运行在等待一个没有窗口仍在进行的运行。它们也可以继续等待，否则不会开始。</translation>
    </message>
    <message>
        <source>{0} staged edits of</source>
        <translation>{0} 项暂存的修改</translation>
    </message>
    <message>
        <source>{0} {1} have not been written.</source>
        <translation>{1} 有 {0}尚未写入。</translation>
    </message>
</context>
<context>
    <name>ColourBar</name>
    <message>
        <source>Colours</source>
        <translation>颜色</translation>
    </message>
    <message>
        <source>Colours from {0} to {1}</source>
        <translation>颜色从 {0} 到 {1}</translation>
    </message>
    <message>
        <source>Counts of one stretch of values in {0:,}, on a logarithmic scale</source>
        <translation>每 {0:,} 段值取一段的计数，对数刻度</translation>
    </message>
    <message>
        <source>Counts of the values, on a logarithmic scale</source>
        <translation>值的计数，对数刻度</translation>
    </message>
    <message>
        <source>{0} has a colour of its own</source>
        <translation>{0} 使用单独的颜色</translation>
    </message>
</context>
<context>
    <name>Commands</name>
    <message>
        <source>All files</source>
        <translation>所有文件</translation>
    </message>
    <message>
        <source>Checkpoints</source>
        <translation>检查点</translation>
    </message>
    <message>
        <source>Copying the sample</source>
        <translation>正在复制示例</translation>
    </message>
    <message>
        <source>Keras files</source>
        <translation>Keras 文件</translation>
    </message>
    <message>
        <source>NumPy files</source>
        <translation>NumPy 文件</translation>
    </message>
    <message>
        <source>Open a checkpoint</source>
        <translation>打开检查点</translation>
    </message>
    <message>
        <source>Open a folder with checkpoints</source>
        <translation>打开包含检查点的文件夹</translation>
    </message>
    <message>
        <source>Reports are kept in %1</source>
        <translation>报告保存在 %1</translation>
    </message>
    <message>
        <source>SavedModels</source>
        <translation>SavedModel</translation>
    </message>
    <message>
        <source>TensorFlow checkpoints</source>
        <translation>TensorFlow 检查点</translation>
    </message>
    <message>
        <source>Type part of a name</source>
        <translation>键入名称的一部分</translation>
    </message>
    <message>
        <source>Type what to do</source>
        <translation>键入要执行的操作</translation>
    </message>
    <message>
        <source>What is selected is dropped; revert that first.</source>
        <translation>所选内容已被移除；请先还原该修改。</translation>
    </message>
    <message>
        <source>safetensors</source>
        <translation>safetensors</translation>
    </message>
</context>
<context>
    <name>CompareDialog</name>
    <message>
        <source>%1  ·  step %2</source>
        <translation>%1  ·  第 %2 步</translation>
    </message>
    <message>
        <source>&amp;Checkpoint:</source>
        <translation>检查点(&amp;C)：</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Checkpoints of the same folder</source>
        <translation>同一文件夹的检查点</translation>
    </message>
    <message>
        <source>Co&amp;mpare</source>
        <translation>比较(&amp;M)</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>比较</translation>
    </message>
    <message>
        <source>Compare with another checkpoint</source>
        <translation>与另一检查点比较</translation>
    </message>
    <message>
        <source>Of the &amp;same folder:</source>
        <translation>同一文件夹中(&amp;S)：</translation>
    </message>
    <message>
        <source>Other checkpoint</source>
        <translation>另一检查点</translation>
    </message>
    <message>
        <source>Type a path, browse, or drop a checkpoint here</source>
        <translation>键入路径、浏览，或将检查点拖放到此处</translation>
    </message>
</context>
<context>
    <name>ComparePanel</name>
    <message>
        <source>%1 holds the same, %2 variables.</source>
        <translation>%1 的内容相同，共 %2 个变量。</translation>
    </message>
    <message>
        <source>%1: %2 different, %3 only here, %4 only there, %5 equal</source>
        <translation>%1：%2 个不同，%3 个仅在此处，%4 个仅在彼处，%5 个相同</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Compare again</source>
        <translation>重新比较</translation>
    </message>
    <message>
        <source>Compare no more</source>
        <translation>不再比较</translation>
    </message>
    <message>
        <source>Compare with another checkpoint</source>
        <translation>与另一检查点比较</translation>
    </message>
    <message>
        <source>Comparing with %1 was stopped.</source>
        <translation>与 %1 的比较已停止。</translation>
    </message>
    <message>
        <source>Comparing with %1 …</source>
        <translation>正在与 %1 比较…</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy the selected rows, or all</source>
        <translation>复制所选行或全部</translation>
    </message>
    <message>
        <source>Differences</source>
        <translation>差异</translation>
    </message>
    <message>
        <source>Filter by name</source>
        <translation>按名称筛选</translation>
    </message>
    <message>
        <source>Filter the differences</source>
        <translation>筛选差异</translation>
    </message>
    <message>
        <source>Nothing is compared.</source>
        <translation>没有进行比较。</translation>
    </message>
    <message>
        <source>Other…</source>
        <translation>其他…</translation>
    </message>
    <message>
        <source>Progress of the comparison</source>
        <translation>比较的进度</translation>
    </message>
    <message>
        <source>Swap…</source>
        <translation>替换…</translation>
    </message>
    <message>
        <source>Take the selected variables&apos; values from the compared checkpoint</source>
        <translation>从被比较的检查点取所选变量的值</translation>
    </message>
</context>
<context>
    <name>Comparing</name>
    <message>
        <source>Comparing</source>
        <translation>正在比较</translation>
    </message>
    <message>
        <source>Opening what is compared with</source>
        <translation>正在打开要比较的检查点</translation>
    </message>
</context>
<context>
    <name>ContentsFields</name>
    <message>
        <source>&amp;File:</source>
        <translation>文件(&amp;F)：</translation>
    </message>
    <message>
        <source>&amp;Gain:</source>
        <translation>增益(&amp;G)：</translation>
    </message>
    <message>
        <source>&amp;Initializer:</source>
        <translation>初始化器(&amp;I)：</translation>
    </message>
    <message>
        <source>&amp;Lowest:</source>
        <translation>最小值(&amp;L)：</translation>
    </message>
    <message>
        <source>&amp;Mean:</source>
        <translation>均值(&amp;M)：</translation>
    </message>
    <message>
        <source>A number, NaN, Infinity, true, false, a complex 1+2j, or a text</source>
        <translation>数、NaN、Infinity、true、false、复数 1+2j 或文本</translation>
    </message>
    <message>
        <source>Arra&amp;y:</source>
        <translation>数组(&amp;Y)：</translation>
    </message>
    <message>
        <source>Array in the file</source>
        <translation>文件中的数组</translation>
    </message>
    <message>
        <source>Array of a file</source>
        <translation>文件中的数组</translation>
    </message>
    <message>
        <source>Arrays (*.npy *.npz);;All files (*)</source>
        <translation>数组 (*.npy *.npz);;所有文件 (*)</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Gi&amp;ve:</source>
        <translation>赋予(&amp;V)：</translation>
    </message>
    <message>
        <source>Glorot normal</source>
        <translation>Glorot 正态</translation>
    </message>
    <message>
        <source>Glorot uniform</source>
        <translation>Glorot 均匀</translation>
    </message>
    <message>
        <source>He normal</source>
        <translation>He 正态</translation>
    </message>
    <message>
        <source>He uniform</source>
        <translation>He 均匀</translation>
    </message>
    <message>
        <source>Hi&amp;ghest:</source>
        <translation>最大值(&amp;G)：</translation>
    </message>
    <message>
        <source>Identity</source>
        <translation>单位矩阵</translation>
    </message>
    <message>
        <source>Initializer</source>
        <translation>初始化器</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>正态</translation>
    </message>
    <message>
        <source>One value</source>
        <translation>一个值</translation>
    </message>
    <message>
        <source>Ones</source>
        <translation>全一</translation>
    </message>
    <message>
        <source>Orthogonal</source>
        <translation>正交</translation>
    </message>
    <message>
        <source>See&amp;d:</source>
        <translation>随机种子(&amp;D)：</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>种子</translation>
    </message>
    <message>
        <source>Standard de&amp;viation:</source>
        <translation>标准差(&amp;V)：</translation>
    </message>
    <message>
        <source>Truncated normal</source>
        <translation>截断正态</translation>
    </message>
    <message>
        <source>Uniform</source>
        <translation>均匀</translation>
    </message>
    <message>
        <source>Val&amp;ue:</source>
        <translation>值(&amp;U)：</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>值</translation>
    </message>
    <message>
        <source>What they are given</source>
        <translation>赋予的内容</translation>
    </message>
    <message>
        <source>Zeros</source>
        <translation>零值</translation>
    </message>
    <message>
        <source>the only one, or the one with the variable&apos;s name</source>
        <translation>唯一的一个，或与变量同名的一个</translation>
    </message>
</context>
<context>
    <name>CurvesPanel</name>
    <message>
        <source>&amp;Log loss</source>
        <translation>对数损失(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;Whole run</source>
        <translation>整个运行(&amp;W)</translation>
    </message>
    <message>
        <source>Curves</source>
        <translation>曲线</translation>
    </message>
    <message>
        <source>Log st&amp;eps</source>
        <translation>对数步数(&amp;E)</translation>
    </message>
    <message>
        <source>Logarithmic axis of steps</source>
        <translation>步数轴取对数</translation>
    </message>
    <message>
        <source>Logarithmic loss axis</source>
        <translation>损失轴取对数</translation>
    </message>
    <message>
        <source>Numbers to show</source>
        <translation>要显示的数值</translation>
    </message>
    <message>
        <source>Show the whole run again after zooming</source>
        <translation>缩放后重新显示整个运行</translation>
    </message>
    <message>
        <source>Which numbers of the run are shown beside its loss</source>
        <translation>除损失外还显示运行的哪些数值</translation>
    </message>
    <message>
        <source>loss</source>
        <translation>损失</translation>
    </message>
</context>
<context>
    <name>DataBox</name>
    <message>
        <source>&amp;Data file:</source>
        <translation>数据文件(&amp;D)：</translation>
    </message>
    <message>
        <source>An .npz of numpy.savez, a .csv or a TFRecord; one row a sample</source>
        <translation>numpy.savez 的 .npz、.csv 或 TFRecord；每个样本一行</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>数据</translation>
    </message>
    <message>
        <source>Data (*.npz *.csv *.tsv *.tfrecord *.tfrecords *.tfrec);;All files (*)</source>
        <translation>数据 (*.npz *.csv *.tsv *.tfrecord *.tfrecords *.tfrec);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Data file</source>
        <translation>数据文件</translation>
    </message>
    <message>
        <source>The graph has no inputs: it trains on its own data.</source>
        <translation>该计算图没有输入：它用自带的数据训练。</translation>
    </message>
    <message>
        <source>The recipe brings its own data.</source>
        <translation>配方自带数据。</translation>
    </message>
    <message>
        <source>found beside the checkpoint</source>
        <translation>在检查点旁找到</translation>
    </message>
</context>
<context>
    <name>DetailsPanel</name>
    <message>
        <source>CRC32C</source>
        <translation>CRC32C</translation>
    </message>
    <message>
        <source>Choose a variable to see its details.</source>
        <translation>选择一个变量以查看详情。</translation>
    </message>
    <message>
        <source>Denormals</source>
        <translation>非规格化数</translation>
    </message>
    <message>
        <source>Details of the variable</source>
        <translation>变量详情</translation>
    </message>
    <message>
        <source>Different values</source>
        <translation>不同的值</translation>
    </message>
    <message>
        <source>Elements</source>
        <translation>元素数</translation>
    </message>
    <message>
        <source>Empty</source>
        <translation>空的</translation>
    </message>
    <message>
        <source>Fault</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>格式</translation>
    </message>
    <message>
        <source>Infinite</source>
        <translation>无穷</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>键</translation>
    </message>
    <message>
        <source>L1 norm</source>
        <translation>L1 范数</translation>
    </message>
    <message>
        <source>L2 norm</source>
        <translation>L2 范数</translation>
    </message>
    <message>
        <source>Largest |x|</source>
        <translation>最大 |x|</translation>
    </message>
    <message>
        <source>Lengths</source>
        <translation>长度</translation>
    </message>
    <message>
        <source>Maximum</source>
        <translation>最大值</translation>
    </message>
    <message>
        <source>Mean</source>
        <translation>均值</translation>
    </message>
    <message>
        <source>Median</source>
        <translation>中位数</translation>
    </message>
    <message>
        <source>Minimum</source>
        <translation>最小值</translation>
    </message>
    <message>
        <source>Most common</source>
        <translation>最常见</translation>
    </message>
    <message>
        <source>NaN</source>
        <translation>NaN</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Object path</source>
        <translation>对象路径</translation>
    </message>
    <message>
        <source>On disk</source>
        <translation>占用空间</translation>
    </message>
    <message>
        <source>Percentile %1</source>
        <translation>第 %1 百分位</translation>
    </message>
    <message>
        <source>Percentiles</source>
        <translation>百分位数</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>角色</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>Slots</source>
        <translation>槽</translation>
    </message>
    <message>
        <source>Staged</source>
        <translation>暂存</translation>
    </message>
    <message>
        <source>Statistics</source>
        <translation>统计</translation>
    </message>
    <message>
        <source>Std. deviation</source>
        <translation>标准差</translation>
    </message>
    <message>
        <source>Stored at</source>
        <translation>存储位置</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>Values</source>
        <translation>值</translation>
    </message>
    <message>
        <source>Was called</source>
        <translation>原名</translation>
    </message>
    <message>
        <source>Weight</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>Zeros</source>
        <translation>零值</translation>
    </message>
    <message>
        <source>of these −Inf</source>
        <translation>其中 −Inf</translation>
    </message>
    <message>
        <source>staged (before)</source>
        <translation>暂存值（原值）</translation>
    </message>
</context>
<context>
    <name>DifferenceTable</name>
    <message>
        <source>+ only there</source>
        <translation>+ 仅在彼处</translation>
    </message>
    <message>
        <source>Elements</source>
        <translation>元素数</translation>
    </message>
    <message>
        <source>How many elements differ</source>
        <translation>有多少元素不同</translation>
    </message>
    <message>
        <source>Max |Δ|</source>
        <translation>最大 |Δ|</translation>
    </message>
    <message>
        <source>Relative L2</source>
        <translation>相对 L2</translation>
    </message>
    <message>
        <source>The largest distance between two elements</source>
        <translation>两个元素之间的最大差距</translation>
    </message>
    <message>
        <source>The norm of the difference in terms of that of our values</source>
        <translation>差的范数与本方值的范数之比</translation>
    </message>
    <message>
        <source>Variable</source>
        <translation>变量</translation>
    </message>
    <message>
        <source>What differs</source>
        <translation>差异</translation>
    </message>
    <message>
        <source>shape %1 → %2</source>
        <translation>形状 %1 → %2</translation>
    </message>
    <message>
        <source>values</source>
        <translation>值</translation>
    </message>
    <message>
        <source>− only here</source>
        <translation>− 仅在此处</translation>
    </message>
</context>
<context>
    <name>DonorDialog</name>
    <message>
        <source>&amp;Apply</source>
        <translation>应用(&amp;A)</translation>
    </message>
    <message>
        <source>&amp;Donor:</source>
        <translation>来源(&amp;D)：</translation>
    </message>
    <message>
        <source>&amp;Only what fits</source>
        <translation>仅匹配项(&amp;O)</translation>
    </message>
    <message>
        <source>, step {0}</source>
        <translation>，第 {0} 步</translation>
    </message>
    <message>
        <source>1 variable waits for a donor.</source>
        <translation>1 个变量等待选择来源检查点。</translation>
    </message>
    <message>
        <source>A variable&apos;s name in the donor is its name here, with</source>
        <translation>变量在来源中的名称由这里的名称得出：</translation>
    </message>
    <message>
        <source>Apply as one edit</source>
        <translation>作为一项修改应用</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Choose &amp;none</source>
        <translation>全不选(&amp;N)</translation>
    </message>
    <message>
        <source>Choose a&amp;ll that fit</source>
        <translation>选择所有匹配项(&amp;L)</translation>
    </message>
    <message>
        <source>Donor checkpoint</source>
        <translation>来源检查点</translation>
    </message>
    <message>
        <source>Matching names</source>
        <translation>正在匹配名称</translation>
    </message>
    <message>
        <source>Matching names …</source>
        <translation>正在匹配名称 …</translation>
    </message>
    <message>
        <source>No donor yet.</source>
        <translation>尚未选择来源检查点。</translation>
    </message>
    <message>
        <source>Opening the donor</source>
        <translation>正在打开来源检查点</translation>
    </message>
    <message>
        <source>Opening the donor …</source>
        <translation>正在打开来源检查点 …</translation>
    </message>
    <message>
        <source>Opening {0} …</source>
        <translation>正在打开 {0} …</translation>
    </message>
    <message>
        <source>Other &amp;shapes:</source>
        <translation>其他形状(&amp;S)：</translation>
    </message>
    <message>
        <source>Preview: what fits</source>
        <translation>预览：哪些匹配</translation>
    </message>
    <message>
        <source>Show only what fits</source>
        <translation>仅显示匹配项</translation>
    </message>
    <message>
        <source>Swap initial values from another checkpoint</source>
        <translation>用另一个检查点的值替换初始值</translation>
    </message>
    <message>
        <source>Type a path, browse, or drop a checkpoint here</source>
        <translation>键入路径、浏览，或将检查点拖放到此处</translation>
    </message>
    <message>
        <source>What becomes of values of another shape</source>
        <translation>形状不同的值如何处理</translation>
    </message>
    <message>
        <source>are left out</source>
        <translation>略过</translation>
    </message>
    <message>
        <source>crop, keep own rest</source>
        <translation>裁剪，其余保留原值</translation>
    </message>
    <message>
        <source>crop, rest Glorot uniform</source>
        <translation>裁剪，其余 Glorot 均匀</translation>
    </message>
    <message>
        <source>crop, rest normal</source>
        <translation>裁剪，其余正态</translation>
    </message>
    <message>
        <source>crop, rest zeros</source>
        <translation>裁剪，其余为零</translation>
    </message>
    <message>
        <source>{0} of {1} fit, {2} chosen</source>
        <translation>{1} 个中有 {0} 个匹配，已选择 {2} 个</translation>
    </message>
    <message>
        <source>{0} variables wait for a donor.</source>
        <translation>{0} 个变量等待选择来源检查点。</translation>
    </message>
    <message>
        <source>{0}: {1} variables{2}</source>
        <translation>{0}：{1} 个变量{2}</translation>
    </message>
</context>
<context>
    <name>DonorModel</name>
    <message>
        <source>Donor&apos;s shape</source>
        <translation>来源形状</translation>
    </message>
    <message>
        <source>Donor&apos;s type</source>
        <translation>来源类型</translation>
    </message>
    <message>
        <source>In the donor</source>
        <translation>来源中的名称</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>Variable</source>
        <translation>变量</translation>
    </message>
    <message>
        <source>Verdict</source>
        <translation>结论</translation>
    </message>
    <message>
        <source>~ made to fit</source>
        <translation>~ 调整后相符</translation>
    </message>
    <message>
        <source>~ type differs (converted)</source>
        <translation>~ 类型不同（将转换）</translation>
    </message>
    <message>
        <source>– missing</source>
        <translation>– 缺失</translation>
    </message>
    <message>
        <source>≠ shape differs</source>
        <translation>≠ 形状不同</translation>
    </message>
    <message>
        <source>≠ type cannot be converted</source>
        <translation>≠ 类型无法转换</translation>
    </message>
    <message>
        <source>✓ fits</source>
        <translation>✓ 匹配</translation>
    </message>
</context>
<context>
    <name>DonorNameDelegate</name>
    <message>
        <source>Name in the donor</source>
        <translation>来源中的名称</translation>
    </message>
</context>
<context>
    <name>DropOverlay</name>
    <message>
        <source>%1 (no checkpoint is seen in it)</source>
        <translation>%1（其中没有看到检查点）</translation>
    </message>
    <message>
        <source>%1 things were dropped together; only %2 is taken.</source>
        <translation>一次拖入了 %1 项；只采用 %2。</translation>
    </message>
    <message numerus="yes">
        <source>%n below %1</source>
        <translation>
            <numerusform>%1 下有 %n 个</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n shards</source>
        <translation>
            <numerusform>%n 个分片</numerusform>
        </translation>
    </message>
    <message>
        <source>Choose a checkpoint</source>
        <translation>选择检查点</translation>
    </message>
    <message>
        <source>Compare with this</source>
        <translation>与此比较</translation>
    </message>
    <message>
        <source>List what differs from %1</source>
        <translation>列出与 %1 的差异</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Swap from this…</source>
        <translation>用它替换…</translation>
    </message>
    <message>
        <source>Take values from %1</source>
        <translation>从 %1 取值</translation>
    </message>
    <message>
        <source>in %1</source>
        <translation>位于 %1</translation>
    </message>
    <message numerus="yes">
        <source>the newest of %n in %1</source>
        <translation>
            <numerusform>%1 中 %n 个里最新的</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DropTarget</name>
    <message>
        <source>Drop a checkpoint here</source>
        <translation>将检查点拖放到此处</translation>
    </message>
    <message>
        <source>a folder or any file: TensorFlow, SavedModel, Keras, safetensors, NumPy</source>
        <translation>文件夹或任意文件：TensorFlow、SavedModel、Keras、safetensors、NumPy</translation>
    </message>
</context>
<context>
    <name>Duration</name>
    <message>
        <source>{0} h {1} min</source>
        <translation>{0} 小时 {1} 分钟</translation>
    </message>
    <message>
        <source>{0} min</source>
        <translation>{0} 分钟</translation>
    </message>
    <message>
        <source>{0} s</source>
        <translation>{0} 秒</translation>
    </message>
</context>
<context>
    <name>EditDialog</name>
    <message>
        <source>&amp;Apply</source>
        <translation>应用(&amp;A)</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>预览</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>Stage this edit</source>
        <translation>暂存此编辑</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>Variable</source>
        <translation>变量</translation>
    </message>
    <message>
        <source>“%1” is no list of whole numbers; write 3 × 64, for example.</source>
        <translation>“%1”不是整数列表；例如写 3 × 64。</translation>
    </message>
    <message>
        <source>“%1” is no number; type one such as 0.5 or 1e-3.</source>
        <translation>“%1”不是数；请输入如 0.5 或 1e-3 的数。</translation>
    </message>
</context>
<context>
    <name>Editing</name>
    <message>
        <source>Change the cell</source>
        <translation>更改单元格</translation>
    </message>
    <message>
        <source>Paste</source>
        <translation>粘贴</translation>
    </message>
</context>
<context>
    <name>Edits</name>
    <message>
        <source>Add {0}</source>
        <translation>添加 {0}</translation>
    </message>
    <message>
        <source>Assign {0} to {1}</source>
        <translation>把 {0} 赋给 {1}</translation>
    </message>
    <message>
        <source>Average {0} over {1} checkpoints</source>
        <translation>对 {1} 个检查点求 {0} 的平均</translation>
    </message>
    <message>
        <source>Cast {0} to {1}</source>
        <translation>把 {0} 转换为 {1}</translation>
    </message>
    <message>
        <source>Change {0} by {1}</source>
        <translation>把 {0} 改为 {1}</translation>
    </message>
    <message>
        <source>Drop moving averages ({0})</source>
        <translation>去掉移动平均（{0}）</translation>
    </message>
    <message>
        <source>Drop the optimizer&apos;s state ({0})</source>
        <translation>去掉优化器状态（{0}）</translation>
    </message>
    <message>
        <source>Drop the optimizer&apos;s state of frozen variables ({0})</source>
        <translation>去掉冻结变量的优化器状态（{0}）</translation>
    </message>
    <message>
        <source>Drop {0}</source>
        <translation>移除 {0}</translation>
    </message>
    <message>
        <source>Drop {0} with 1 slot</source>
        <translation>移除 {0} 及 1 个优化器槽</translation>
    </message>
    <message>
        <source>Drop {0} with {1} slots</source>
        <translation>移除 {0} 及 {1} 个优化器槽</translation>
    </message>
    <message>
        <source>Freeze {0}</source>
        <translation>冻结 {0}</translation>
    </message>
    <message>
        <source>Move {0} ({1} variables)</source>
        <translation>移动 {0}（{1} 个变量）</translation>
    </message>
    <message>
        <source>NaN and infinities → {0}</source>
        <translation>NaN 和无穷大 → {0}</translation>
    </message>
    <message>
        <source>NaN → {0}</source>
        <translation>NaN → {0}</translation>
    </message>
    <message>
        <source>Rename {0}</source>
        <translation>重命名 {0}</translation>
    </message>
    <message>
        <source>Replace NaN and infinities in {0} by {1}</source>
        <translation>把 {0} 中的 NaN 和无穷大替换为 {1}</translation>
    </message>
    <message>
        <source>Replace NaN in {0} by {1}</source>
        <translation>把 {0} 中的 NaN 替换为 {1}</translation>
    </message>
    <message>
        <source>Replace {0} from {1}</source>
        <translation>用 {1} 的值替换 {0}</translation>
    </message>
    <message>
        <source>Reshape {0} to {1}</source>
        <translation>把 {0} 变形为 {1}</translation>
    </message>
    <message>
        <source>Revert all</source>
        <translation>全部还原</translation>
    </message>
    <message>
        <source>Revert “{0}”</source>
        <translation>还原“{0}”</translation>
    </message>
    <message>
        <source>Scale {0} by {1}</source>
        <translation>把 {0} 乘以 {1}</translation>
    </message>
    <message>
        <source>Set 1 cell of {0}</source>
        <translation>设置 {0} 的 1 个单元格</translation>
    </message>
    <message>
        <source>Set {0} cells of {1}</source>
        <translation>设置 {0} 个单元格，属于 {1}</translation>
    </message>
    <message>
        <source>Set {0} to step {1}</source>
        <translation>把 {0} 设为第 {1} 步</translation>
    </message>
    <message>
        <source>Swap moving averages into {0}</source>
        <translation>用移动平均替换 {0}</translation>
    </message>
    <message>
        <source>Transpose {0}</source>
        <translation>转置 {0}</translation>
    </message>
    <message>
        <source>Unfreeze {0}</source>
        <translation>解冻 {0}</translation>
    </message>
    <message>
        <source>frozen → trainable</source>
        <translation>冻结 → 可训练</translation>
    </message>
    <message>
        <source>kept → dropped</source>
        <translation>保留 → 移除</translation>
    </message>
    <message>
        <source>nothing → {0}</source>
        <translation>无 → {0}</translation>
    </message>
    <message>
        <source>own axes → turned around</source>
        <translation>原轴序 → 颠倒</translation>
    </message>
    <message>
        <source>own axes → {0}</source>
        <translation>原轴序 → {0}</translation>
    </message>
    <message>
        <source>own shape → {0}</source>
        <translation>原形状 → {0}</translation>
    </message>
    <message>
        <source>own step → {0}</source>
        <translation>原步数 → {0}</translation>
    </message>
    <message>
        <source>own type → {0}</source>
        <translation>原类型 → {0}</translation>
    </message>
    <message>
        <source>own values → mean of {0}</source>
        <translation>原值 → {0} 的平均</translation>
    </message>
    <message>
        <source>own values → moving averages</source>
        <translation>原值 → 移动平均</translation>
    </message>
    <message>
        <source>own values → values of {0}</source>
        <translation>自身的值 → {0} 的值</translation>
    </message>
    <message>
        <source>own values → values of {0} ({1} under other names)</source>
        <translation>自身的值 → {0} 的值（{1} 个使用其他名称）</translation>
    </message>
    <message>
        <source>own values → {0}</source>
        <translation>原值 → {0}</translation>
    </message>
    <message>
        <source>own values → {0} other values</source>
        <translation>原值 → {0} 个其他值</translation>
    </message>
    <message>
        <source>trainable → frozen</source>
        <translation>可训练 → 冻结</translation>
    </message>
    <message>
        <source>{0} variables</source>
        <translation>{0} 个变量</translation>
    </message>
</context>
<context>
    <name>ExportButton</name>
    <message>
        <source>Copy figures as text</source>
        <translation>将数据复制为文本</translation>
    </message>
    <message>
        <source>Copy image</source>
        <translation>复制图像</translation>
    </message>
    <message>
        <source>Copy or export</source>
        <translation>复制或导出</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Save as {0}</source>
        <translation>另存为 {0}</translation>
    </message>
    <message>
        <source>Save as {0}…</source>
        <translation>另存为 {0}…</translation>
    </message>
    <message>
        <source>Saved {0}.</source>
        <translation>已保存 {0}。</translation>
    </message>
    <message>
        <source>{0} could not be written: {1}.</source>
        <translation>无法写入 {0}：{1}。</translation>
    </message>
</context>
<context>
    <name>Facts</name>
    <message>
        <source>%1 and others (%2)</source>
        <translation>%1 及其他 %2 个</translation>
    </message>
    <message>
        <source>%1 to %2 bytes, %3 on average</source>
        <translation>%1 到 %2 字节，平均 %3</translation>
    </message>
    <message>
        <source>%1 — by its name</source>
        <translation>%1 — 根据名称</translation>
    </message>
    <message>
        <source>%1 — from the MetaGraph</source>
        <translation>%1 — 来自 MetaGraph</translation>
    </message>
    <message>
        <source>%1 — from the model&apos;s config</source>
        <translation>%1 — 来自模型的配置</translation>
    </message>
    <message>
        <source>%1 — from the object graph</source>
        <translation>%1 — 来自对象图</translation>
    </message>
    <message>
        <source>changes with its weight</source>
        <translation>随其权重变化</translation>
    </message>
    <message>
        <source>counter</source>
        <translation>计数器</translation>
    </message>
    <message>
        <source>metadata</source>
        <translation>元数据</translation>
    </message>
    <message>
        <source>moving statistic</source>
        <translation>滑动统计量</translation>
    </message>
    <message>
        <source>not trained: no weight</source>
        <translation>不训练：不是权重</translation>
    </message>
    <message>
        <source>optimizer slot</source>
        <translation>优化器槽</translation>
    </message>
    <message>
        <source>optimizer slot %1 of %2</source>
        <translation>%2 的优化器槽 %1</translation>
    </message>
    <message>
        <source>optimizer slot of %2</source>
        <translation>%2 的优化器槽</translation>
    </message>
    <message>
        <source>the MetaGraph</source>
        <translation>MetaGraph</translation>
    </message>
    <message>
        <source>the checkpoint</source>
        <translation>检查点</translation>
    </message>
    <message>
        <source>the model&apos;s config</source>
        <translation>模型的配置</translation>
    </message>
    <message>
        <source>the object graph</source>
        <translation>对象图</translation>
    </message>
    <message>
        <source>trainable (staged; was frozen)</source>
        <translation>可训练（暂存；原为冻结）</translation>
    </message>
    <message>
        <source>trainable — nothing says otherwise</source>
        <translation>可训练 — 没有相反的说明</translation>
    </message>
    <message>
        <source>trainable — says %1</source>
        <translation>可训练 — 依据：%1</translation>
    </message>
    <message>
        <source>weight</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>✕ dropped (staged)</source>
        <translation>✕ 已移除（暂存）</translation>
    </message>
    <message>
        <source>❄ frozen (staged)</source>
        <translation>❄ 已冻结（暂存）</translation>
    </message>
    <message>
        <source>❄ frozen with its weight</source>
        <translation>❄ 随其权重冻结</translation>
    </message>
    <message>
        <source>❄ frozen — by the edits that this checkpoint was written with</source>
        <translation>❄ 已冻结 — 依据写入此检查点时的编辑</translation>
    </message>
    <message>
        <source>❄ frozen — not trained, says %1</source>
        <translation>❄ 已冻结 — 不训练，依据：%1</translation>
    </message>
</context>
<context>
    <name>Faults</name>
    <message>
        <source>Ckpt Studio made a mistake (%1). The staged edits are kept.</source>
        <translation>Ckpt Studio 出现内部错误（%1）。暂存的修改均已保留。</translation>
    </message>
    <message>
        <source>The report is in %1.</source>
        <translation>报告位于 %1。</translation>
    </message>
</context>
<context>
    <name>Filter</name>
    <message>
        <source>No element type has “%1” in its name.</source>
        <translation>没有名称含“%1”的元素类型。</translation>
    </message>
    <message>
        <source>Nothing is called “%1”; conditions are about %2.</source>
        <translation>没有叫“%1”的条件；条件可以是 %2。</translation>
    </message>
    <message>
        <source>The number of “%1” is too large.</source>
        <translation>“%1”中的数太大。</translation>
    </message>
    <message>
        <source>There is no role “%1”; there are %2.</source>
        <translation>没有角色“%1”；有 %2。</translation>
    </message>
    <message>
        <source>“%1” cannot be in percent; zeros, nan, inf and denormals can.</source>
        <translation>“%1”不能用百分比；zeros、nan、inf 和 denormals 可以。</translation>
    </message>
    <message>
        <source>“%1” is no regular expression: %2.</source>
        <translation>“%1”不是正则表达式：%2。</translation>
    </message>
    <message>
        <source>“%1” is no shape; shapes are written like 3x3x64, with * for any extent.</source>
        <translation>“%1”不是形状；形状写作 3x3x64，* 表示任意大小。</translation>
    </message>
    <message>
        <source>“%1” needs a number after %2, such as %3.</source>
        <translation>“%1”在 %2 之后需要一个数，例如 %3。</translation>
    </message>
    <message>
        <source>“%1” repeats what is repeated itself, which can take for ever.</source>
        <translation>“%1”重复了本身已重复的内容，可能永远不结束。</translation>
    </message>
</context>
<context>
    <name>FilterField</name>
    <message>
        <source>Filter variables</source>
        <translation>筛选变量</translation>
    </message>
    <message>
        <source>Filter: part of a name, dtype:float32, nan:, norm&gt;10</source>
        <translation>筛选：部分名称、dtype:float32、nan:、norm&gt;10</translation>
    </message>
    <message>
        <source>L2 norm; also mean, std, min, max, l1, with &gt; &gt;= &lt; &lt;= = !=</source>
        <translation>L2 范数；还有 mean、std、min、max、l1，可用 &gt; &gt;= &lt; &lt;= = !=</translation>
    </message>
    <message>
        <source>What the filter understands</source>
        <translation>筛选的写法</translation>
    </message>
    <message>
        <source>What the filter understands (Alt+Down)</source>
        <translation>筛选的写法 (Alt+Down)</translation>
    </message>
    <message>
        <source>a share of the elements, or 90%; zeros&gt;100 counts them</source>
        <translation>元素的比例，或 90%；zeros&gt;100 为个数</translation>
    </message>
    <message>
        <source>a text with a space</source>
        <translation>含空格的文本</translation>
    </message>
    <message>
        <source>also staged:, swapped:, renamed:, dropped:, damaged:, frozen:no</source>
        <translation>还有 staged:、swapped:、renamed:、dropped:、damaged:、frozen:no</translation>
    </message>
    <message>
        <source>bytes on disk; also elements&gt;1000, rank=4</source>
        <translation>磁盘上的字节数；还有 elements&gt;1000、rank=4</translation>
    </message>
    <message>
        <source>element type</source>
        <translation>元素类型</translation>
    </message>
    <message>
        <source>names that a regular expression fits</source>
        <translation>与正则表达式相符的名称</translation>
    </message>
    <message>
        <source>names with both texts in them</source>
        <translation>同时含两段文本的名称</translation>
    </message>
    <message>
        <source>shape; * is any extent, at the end any axes</source>
        <translation>形状；* 为任意大小，在末尾为任意多轴</translation>
    </message>
    <message>
        <source>the opposite: names without this text</source>
        <translation>相反：不含此文本的名称</translation>
    </message>
    <message>
        <source>weight, slot, counter, statistic or metadata</source>
        <translation>weight、slot、counter、statistic 或 metadata</translation>
    </message>
    <message>
        <source>with values that are not a number; also inf:</source>
        <translation>含非数值的；还有 inf:</translation>
    </message>
</context>
<context>
    <name>FindingTable</name>
    <message>
        <source>Severity</source>
        <translation>严重程度</translation>
    </message>
    <message>
        <source>Variable</source>
        <translation>变量</translation>
    </message>
    <message>
        <source>What was found</source>
        <translation>发现</translation>
    </message>
</context>
<context>
    <name>Formats</name>
    <message>
        <source>Keras HDF5 file</source>
        <translation>Keras HDF5 文件</translation>
    </message>
    <message>
        <source>Keras file</source>
        <translation>Keras 文件</translation>
    </message>
    <message>
        <source>Keras weights file</source>
        <translation>Keras 权重文件</translation>
    </message>
    <message>
        <source>NumPy archive</source>
        <translation>NumPy 归档</translation>
    </message>
    <message>
        <source>NumPy array</source>
        <translation>NumPy 数组</translation>
    </message>
    <message>
        <source>SavedModel</source>
        <translation>SavedModel</translation>
    </message>
    <message>
        <source>TensorFlow checkpoint</source>
        <translation>TensorFlow 检查点</translation>
    </message>
    <message>
        <source>TensorFlow checkpoint (V1)</source>
        <translation>TensorFlow 检查点 (V1)</translation>
    </message>
    <message>
        <source>safetensors file</source>
        <translation>safetensors 文件</translation>
    </message>
</context>
<context>
    <name>Frame</name>
    <message>
        <source>Ckpt Studio</source>
        <translation>Ckpt Studio</translation>
    </message>
</context>
<context>
    <name>GoingOn</name>
    <message>
        <source>%1; %2 others wait for it</source>
        <translation>%1；另有 %2 个在等待它</translation>
    </message>
    <message>
        <source>%1; another one waits for it</source>
        <translation>%1；另有一个在等待它</translation>
    </message>
    <message>
        <source>A run is going on in %1</source>
        <translation>%1 中有运行正在进行</translation>
    </message>
    <message>
        <source>No run goes on without a window.</source>
        <translation>没有在无窗口状态下继续的运行。</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>The run in %1 finishes its step, saves and ends.</source>
        <translation>%1 中的运行会完成当前步、保存并结束。</translation>
    </message>
    <message>
        <source>Watch</source>
        <translation>观看</translation>
    </message>
</context>
<context>
    <name>Health</name>
    <message>
        <source>%1 of %2 columns are nothing but zeros: %4.</source>
        <translation>%2 列中有 %1 列全为零：%4。</translation>
    </message>
    <message>
        <source>%1 of %2 elements are below their type&apos;s full precision (%3).</source>
        <translation>%2 个元素中有 %1 个低于其类型的完整精度（%3）。</translation>
    </message>
    <message>
        <source>%1 of %2 elements are infinite (%3).</source>
        <translation>%2 个元素中有 %1 个为无穷大（%3）。</translation>
    </message>
    <message>
        <source>%1 of %2 elements are not a number (%3).</source>
        <translation>%2 个元素中有 %1 个不是数（%3）。</translation>
    </message>
    <message>
        <source>%1 of %2 rows are nothing but zeros: %4.</source>
        <translation>%2 行中有 %1 行全为零：%4。</translation>
    </message>
    <message>
        <source>All %2 elements are %1.</source>
        <translation>全部 %2 个元素都是 %1。</translation>
    </message>
    <message>
        <source>All %2 elements are zero, as they began: perhaps never trained.</source>
        <translation>全部 %2 个元素都为零，与初始时相同：可能从未训练。</translation>
    </message>
    <message>
        <source>All zeros, while others of its kind have moved.</source>
        <translation>全为零，而同类的其他变量已改变。</translation>
    </message>
    <message>
        <source>Its shape is not that of its weight %4: %1 elements beside %2.</source>
        <translation>其形状与其权重 %4 不同：%1 个元素对 %2 个。</translation>
    </message>
    <message>
        <source>The largest magnitude, %1, is near the largest of its type, %2.</source>
        <translation>最大绝对值 %1 接近其类型的最大值 %2。</translation>
    </message>
    <message>
        <source>Values are typically %1: less than %2.</source>
        <translation>值通常为 %1：小于 %2。</translation>
    </message>
    <message>
        <source>Values are typically %1: more than %2.</source>
        <translation>值通常为 %1：大于 %2。</translation>
    </message>
    <message>
        <source>What sums up squares goes down to %1.</source>
        <translation>平方和的值降到 %1。</translation>
    </message>
    <message>
        <source>• hint</source>
        <translation>• 提示</translation>
    </message>
    <message>
        <source>⚠ warning</source>
        <translation>⚠ 警告</translation>
    </message>
    <message>
        <source>✕ fault</source>
        <translation>✕ 错误</translation>
    </message>
</context>
<context>
    <name>HealthCheck</name>
    <message>
        <source>Checking health</source>
        <translation>正在做健康检查</translation>
    </message>
</context>
<context>
    <name>HealthPanel</name>
    <message numerus="yes">
        <source>%n findings.</source>
        <translation>
            <numerusform>%n 项发现。</numerusform>
        </translation>
    </message>
    <message>
        <source>1 finding.</source>
        <translation>1 项发现。</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Check health</source>
        <translation>健康检查</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy the selected findings, or all</source>
        <translation>复制所选或全部发现</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>发现</translation>
    </message>
    <message>
        <source>Look over all variables as they are staged</source>
        <translation>检查所有变量的暂存状态</translation>
    </message>
    <message>
        <source>Looking for the place</source>
        <translation>正在查找位置</translation>
    </message>
    <message>
        <source>Looking over the variables: %1 of %2</source>
        <translation>正在检查变量：%1 / %2</translation>
    </message>
    <message>
        <source>Nothing was found.</source>
        <translation>未发现问题。</translation>
    </message>
    <message>
        <source>Progress of the health check</source>
        <translation>健康检查的进度</translation>
    </message>
    <message>
        <source>The check was stopped before its end.</source>
        <translation>检查在结束前被停止。</translation>
    </message>
    <message>
        <source>The variables have not been looked over yet.</source>
        <translation>尚未检查变量。</translation>
    </message>
</context>
<context>
    <name>Heatmap</name>
    <message>
        <source>L2</source>
        <translation>L2</translation>
    </message>
    <message>
        <source>Rows {0:,} to {1:,}, columns {2:,} to {3:,}</source>
        <translation>行 {0:,} 到 {1:,}，列 {2:,} 到 {3:,}</translation>
    </message>
    <message>
        <source>axis {0}</source>
        <translation>轴 {0}</translation>
    </message>
    <message>
        <source>axis {0} of each filter</source>
        <translation>每个滤波器的轴 {0}</translation>
    </message>
    <message>
        <source>elements</source>
        <translation>元素数</translation>
    </message>
    <message>
        <source>max</source>
        <translation>最大</translation>
    </message>
    <message>
        <source>mean</source>
        <translation>均值</translation>
    </message>
    <message>
        <source>min</source>
        <translation>最小</translation>
    </message>
    <message>
        <source>pixel of {0:,} × {1:,} elements</source>
        <translation>每像素 {0:,} × {1:,} 个元素</translation>
    </message>
    <message>
        <source>std</source>
        <translation>标准差</translation>
    </message>
    <message>
        <source>zeros</source>
        <translation>零</translation>
    </message>
    <message>
        <source>{0} in {1:,} pixels</source>
        <translation>{0}，见于 {1:,} 个像素</translation>
    </message>
    <message>
        <source>{0} to {1}</source>
        <translation>{0} 到 {1}</translation>
    </message>
</context>
<context>
    <name>HeatmapControls</name>
    <message>
        <source>&amp;Pixel</source>
        <translation>像素(&amp;P)</translation>
    </message>
    <message>
        <source>All values</source>
        <translation>所有值</translation>
    </message>
    <message>
        <source>Around zero</source>
        <translation>以零为中心</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>颜色</translation>
    </message>
    <message>
        <source>Colours, scale and limits</source>
        <translation>颜色、刻度和界限</translation>
    </message>
    <message>
        <source>Drag to choose a region and see its statistics</source>
        <translation>拖动选择区域并查看其统计</translation>
    </message>
    <message>
        <source>From low to high</source>
        <translation>从低到高</translation>
    </message>
    <message>
        <source>Go to the next Inf</source>
        <translation>转到下一个 Inf</translation>
    </message>
    <message>
        <source>Go to the next NaN</source>
        <translation>转到下一个 NaN</translation>
    </message>
    <message>
        <source>Largest |x|</source>
        <translation>最大 |x|</translation>
    </message>
    <message>
        <source>Logarithmic</source>
        <translation>对数</translation>
    </message>
    <message>
        <source>Maximum</source>
        <translation>最大值</translation>
    </message>
    <message>
        <source>Mean</source>
        <translation>均值</translation>
    </message>
    <message>
        <source>Minimum</source>
        <translation>最小值</translation>
    </message>
    <message>
        <source>NaN and Inf</source>
        <translation>NaN 和 Inf</translation>
    </message>
    <message>
        <source>Show the row and the column that are pointed at as lines</source>
        <translation>以曲线显示所指的行和列</translation>
    </message>
    <message>
        <source>Show the whole slice (Home)</source>
        <translation>显示整个切片 (Home)</translation>
    </message>
    <message>
        <source>What is seen</source>
        <translation>所见部分</translation>
    </message>
    <message>
        <source>What stands for the elements of a pixel</source>
        <translation>用什么代表一个像素的元素</translation>
    </message>
    <message>
        <source>{0} % to {1} %</source>
        <translation>{0} % 到 {1} %</translation>
    </message>
</context>
<context>
    <name>HeatmapView</name>
    <message>
        <source>Drag over the picture to choose a region.</source>
        <translation>在图上拖动以选择区域。</translation>
    </message>
    <message>
        <source>Heatmap</source>
        <translation>热图</translation>
    </message>
    <message>
        <source>Point at an element to see its row and its column.</source>
        <translation>指向一个元素以查看其行和列。</translation>
    </message>
    <message>
        <source>Rough so far: more is being read</source>
        <translation>目前较粗略：还在读取</translation>
    </message>
    <message>
        <source>There is no {0} in this variable.</source>
        <translation>此变量中没有 {0}。</translation>
    </message>
    <message>
        <source>This was stopped before it was done.</source>
        <translation>在完成之前已停止。</translation>
    </message>
</context>
<context>
    <name>HelpDialog</name>
    <message>
        <source>Choose a variable in the tree to see its histogram, heatmap and values.</source>
        <translation>在树中选择一个变量，查看它的直方图、热图和数值。</translation>
    </message>
    <message>
        <source>Choose variables or groups, then freeze them or swap their values in from another checkpoint.</source>
        <translation>选择变量或分组，然后将其冻结，或用另一个检查点中的值替换。</translation>
    </message>
    <message>
        <source>Drop a checkpoint, or a folder of them, on the window. Nothing in it is run, nothing is changed.</source>
        <translation>将检查点或包含检查点的文件夹拖放到窗口中。其中的内容不会被运行，也不会被更改。</translation>
    </message>
    <message>
        <source>In a plot: the wheel, + and - zoom, dragging and arrow keys move, Shift and dragging zooms into a box, 0 or a double click shows all, Ctrl and an arrow key read the next bin or element. Dragging over a histogram chooses a range.</source>
        <translation>在图中：滚轮、+ 和 - 缩放，拖动和方向键移动，按住 Shift 拖动放大到框，0 或双击显示全部，Ctrl 加方向键读取下一个区间或元素。在直方图上拖动选择范围。</translation>
    </message>
    <message>
        <source>In the tree: arrow keys move, Right and Left expand and collapse, * expands all below, Space freezes, typing finds a name.</source>
        <translation>在树中：方向键移动，右键和左键展开和折叠，* 展开以下全部，空格键冻结，键入文字查找名称。</translation>
    </message>
    <message>
        <source>Keys and first steps</source>
        <translation>快捷键与入门</translation>
    </message>
    <message>
        <source>Resume training with the staged edits, and watch the loss.</source>
        <translation>带着暂存的修改继续训练，并观察损失。</translation>
    </message>
    <message>
        <source>Write a new checkpoint; the original stays as it is.</source>
        <translation>写入新的检查点；原检查点保持不变。</translation>
    </message>
</context>
<context>
    <name>HistogramControls</name>
    <message>
        <source>&amp;Bins</source>
        <translation>区间数(&amp;B)</translation>
    </message>
    <message>
        <source>&amp;Counts</source>
        <translation>计数(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Cumulative</source>
        <translation>累积(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Percentiles</source>
        <translation>百分位数(&amp;P)</translation>
    </message>
    <message>
        <source>&amp;Values</source>
        <translation>值(&amp;V)</translation>
    </message>
    <message>
        <source>All</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Begin of the range</source>
        <translation>范围起点</translation>
    </message>
    <message>
        <source>Cha&amp;nnels</source>
        <translation>通道(&amp;N)</translation>
    </message>
    <message>
        <source>End of the range</source>
        <translation>范围终点</translation>
    </message>
    <message>
        <source>Linear</source>
        <translation>线性</translation>
    </message>
    <message>
        <source>Logarithmic</source>
        <translation>对数</translation>
    </message>
    <message>
        <source>Number of bins</source>
        <translation>区间的数目</translation>
    </message>
    <message>
        <source>One histogram a channel of this axis</source>
        <translation>此轴的每个通道一个直方图</translation>
    </message>
    <message>
        <source>Optimizer slots</source>
        <translation>优化器槽</translation>
    </message>
    <message>
        <source>Ran&amp;ge</source>
        <translation>范围(&amp;G)</translation>
    </message>
    <message>
        <source>Scale of the counts</source>
        <translation>计数的刻度</translation>
    </message>
    <message>
        <source>Scale of the values</source>
        <translation>值的刻度</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>显示</translation>
    </message>
    <message>
        <source>Show the whole range</source>
        <translation>显示整个范围</translation>
    </message>
    <message>
        <source>Symmetric log</source>
        <translation>对称对数</translation>
    </message>
    <message>
        <source>Type a number, or drag over the plot</source>
        <translation>输入数，或在图上拖动</translation>
    </message>
    <message>
        <source>What else is shown</source>
        <translation>还显示什么</translation>
    </message>
    <message>
        <source>auto</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>axis {0} ({1:,})</source>
        <translation>轴 {0}（{1:,}）</translation>
    </message>
    <message>
        <source>together</source>
        <translation>合在一起</translation>
    </message>
</context>
<context>
    <name>HistogramPlot</name>
    <message>
        <source>channel of axis {0}</source>
        <translation>轴 {0} 的通道</translation>
    </message>
    <message>
        <source>elements</source>
        <translation>元素数</translation>
    </message>
    <message>
        <source>percent up to here</source>
        <translation>到此为止的百分比</translation>
    </message>
</context>
<context>
    <name>HistogramTexts</name>
    <message>
        <source>1 element</source>
        <translation>1 个元素</translation>
    </message>
    <message>
        <source>channel {0}</source>
        <translation>通道 {0}</translation>
    </message>
    <message>
        <source>channels {0} to {1}</source>
        <translation>通道 {0} 到 {1}</translation>
    </message>
    <message>
        <source>no number among them that could be drawn</source>
        <translation>其中没有可以绘制的数</translation>
    </message>
    <message>
        <source>{0} elements</source>
        <translation>{0} 个元素</translation>
    </message>
    <message>
        <source>{0} outside the range</source>
        <translation>{0} 个在范围外</translation>
    </message>
    <message>
        <source>{0} zero</source>
        <translation>{0} 为零</translation>
    </message>
    <message>
        <source>⚠ {0} not positive, so not on this axis</source>
        <translation>⚠ {0} 个不为正，不在此轴上</translation>
    </message>
</context>
<context>
    <name>HistogramView</name>
    <message>
        <source>Histogram</source>
        <translation>直方图</translation>
    </message>
    <message>
        <source>magnitude</source>
        <translation>绝对值</translation>
    </message>
    <message>
        <source>value</source>
        <translation>值</translation>
    </message>
</context>
<context>
    <name>InputsTable</name>
    <message>
        <source>Array or number</source>
        <translation>数组或数字</translation>
    </message>
    <message>
        <source>Array or number for {0}</source>
        <translation>{0} 的数组或数字</translation>
    </message>
    <message>
        <source>Input</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>Inputs of the graph and their data</source>
        <translation>计算图的输入及其数据</translation>
    </message>
    <message>
        <source>Takes</source>
        <translation>接受</translation>
    </message>
    <message>
        <source>Verdict</source>
        <translation>结论</translation>
    </message>
    <message>
        <source>choose …</source>
        <translation>选择 …</translation>
    </message>
    <message>
        <source>the graph&apos;s own</source>
        <translation>计算图自带</translation>
    </message>
    <message>
        <source>– guessed when the model is built</source>
        <translation>– 构建模型时猜测</translation>
    </message>
    <message>
        <source>– the graph&apos;s own value</source>
        <translation>– 计算图自带的值</translation>
    </message>
    <message>
        <source>⚠ no data yet</source>
        <translation>⚠ 尚无数据</translation>
    </message>
    <message>
        <source>⚠ {0}</source>
        <translation>⚠ {0}</translation>
    </message>
    <message>
        <source>✓ a number</source>
        <translation>✓ 一个数字</translation>
    </message>
    <message>
        <source>✓ rows of {0}</source>
        <translation>✓ {0} 的各行</translation>
    </message>
    <message>
        <source>✓ the whole of {0}</source>
        <translation>✓ 整个 {0}</translation>
    </message>
</context>
<context>
    <name>Legend</name>
    <message>
        <source>Filled: {0}; outlined: {1}</source>
        <translation>填充：{0}；轮廓：{1}</translation>
    </message>
</context>
<context>
    <name>LicencesDialog</name>
    <message>
        <source>Ckpt Studio is licensed under the Apache License 2.0.</source>
        <translation>Ckpt Studio 以 Apache 许可证 2.0 版发布。</translation>
    </message>
    <message>
        <source>Icons: Lucide</source>
        <translation>图标：Lucide</translation>
    </message>
    <message>
        <source>It uses:</source>
        <translation>使用了：</translation>
    </message>
    <message>
        <source>Licences</source>
        <translation>许可证</translation>
    </message>
</context>
<context>
    <name>LineFace</name>
    <message>
        <source>&amp;Draw it</source>
        <translation>绘制(&amp;D)</translation>
    </message>
    <message>
        <source>Drawing the line</source>
        <translation>正在画线</translation>
    </message>
    <message>
        <source>Line plot</source>
        <translation>折线图</translation>
    </message>
    <message>
        <source>Read the vector and draw it</source>
        <translation>读取向量并绘制</translation>
    </message>
    <message>
        <source>To draw this vector, {0} have to be read.</source>
        <translation>绘制此向量需读取 {0}。</translation>
    </message>
    <message>
        <source>index</source>
        <translation>索引</translation>
    </message>
    <message>
        <source>value</source>
        <translation>值</translation>
    </message>
</context>
<context>
    <name>Links</name>
    <message>
        <source>Go to %1</source>
        <translation>转到 %1</translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>以及另外 %n 个</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LogPanel</name>
    <message>
        <source>&amp;Follow</source>
        <translation>跟随(&amp;F)</translation>
    </message>
    <message>
        <source>C&amp;lear</source>
        <translation>清空(&amp;L)</translation>
    </message>
    <message>
        <source>Co&amp;py all</source>
        <translation>全部复制(&amp;P)</translation>
    </message>
    <message>
        <source>Copy all lines that are shown</source>
        <translation>复制显示的所有行</translation>
    </message>
    <message>
        <source>Errors</source>
        <translation>错误</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Filter the log</source>
        <translation>筛选日志</translation>
    </message>
    <message>
        <source>Filter: part of a line</source>
        <translation>筛选:行中的一部分</translation>
    </message>
    <message>
        <source>Forget all lines; the run&apos;s own log file keeps its lines</source>
        <translation>清除所有行;运行自己的日志文件仍保留其内容</translation>
    </message>
    <message>
        <source>Output of the run</source>
        <translation>运行的输出</translation>
    </message>
    <message>
        <source>Show the newest line as it comes; scrolling up pauses this</source>
        <translation>新行出现时显示最新一行;向上滚动会暂停</translation>
    </message>
    <message>
        <source>The program</source>
        <translation>程序</translation>
    </message>
    <message>
        <source>Warnings and errors</source>
        <translation>警告和错误</translation>
    </message>
    <message>
        <source>Which lines are shown</source>
        <translation>显示哪些行</translation>
    </message>
</context>
<context>
    <name>LogView</name>
    <message>
        <source>&amp;Copy</source>
        <translation>复制(&amp;C)</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>Select &amp;all</source>
        <translation>全选(&amp;A)</translation>
    </message>
</context>
<context>
    <name>LossPlot</name>
    <message>
        <source>Loss by step</source>
        <translation>各步的损失</translation>
    </message>
    <message>
        <source>loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>step</source>
        <translation>步</translation>
    </message>
</context>
<context>
    <name>Menus</name>
    <message>
        <source>&amp;Clear</source>
        <translation>清除(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>浅色(&amp;L)</translation>
    </message>
    <message>
        <source>As the &amp;Desktop</source>
        <translation>跟随系统(&amp;D)</translation>
    </message>
    <message>
        <source>Co&amp;lours</source>
        <translation>配色(&amp;L)</translation>
    </message>
    <message>
        <source>Da&amp;rk</source>
        <translation>深色(&amp;R)</translation>
    </message>
    <message>
        <source>L&amp;anguage</source>
        <translation>语言 Language(&amp;A)</translation>
    </message>
    <message>
        <source>Nothing was opened yet</source>
        <translation>尚未打开过任何内容</translation>
    </message>
    <message>
        <source>Open &amp;Recent</source>
        <translation>打开最近使用的(&amp;R)</translation>
    </message>
    <message>
        <source>The language changes when Ckpt Studio is started again.</source>
        <translation>语言更改将在下次启动 Ckpt Studio 时生效。</translation>
    </message>
    <message>
        <source>Toolbar</source>
        <translation>工具栏</translation>
    </message>
</context>
<context>
    <name>ModelBox</name>
    <message>
        <source>&amp;Loss to show:</source>
        <translation>显示的损失(&amp;L)：</translation>
    </message>
    <message>
        <source>&amp;Train operation:</source>
        <translation>训练操作(&amp;T)：</translation>
    </message>
    <message>
        <source>L&amp;oss:</source>
        <translation>损失(&amp;O)：</translation>
    </message>
    <message>
        <source>Learning &amp;rate:</source>
        <translation>学习率(&amp;R)：</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>Looking for what could be trained …</source>
        <translation>正在查找可训练的内容…</translation>
    </message>
    <message>
        <source>Loss of the model</source>
        <translation>模型的损失</translation>
    </message>
    <message>
        <source>Loss to show</source>
        <translation>显示的损失</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Optimi&amp;zer:</source>
        <translation>优化器(&amp;Z)：</translation>
    </message>
    <message>
        <source>Optimizer</source>
        <translation>优化器</translation>
    </message>
    <message>
        <source>Python files (*.py)</source>
        <translation>Python 文件 (*.py)</translation>
    </message>
    <message>
        <source>Python files (*.py);;All files (*)</source>
        <translation>Python 文件 (*.py);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Re&amp;cipe:</source>
        <translation>配方(&amp;C)：</translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation>配方</translation>
    </message>
    <message>
        <source>Runs:</source>
        <translation>运行：</translation>
    </message>
    <message>
        <source>Te&amp;mplate…</source>
        <translation>模板(&amp;M)…</translation>
    </message>
    <message>
        <source>Train operation</source>
        <translation>训练操作</translation>
    </message>
    <message>
        <source>Write a recipe</source>
        <translation>写出配方</translation>
    </message>
    <message>
        <source>Write a recipe to start from</source>
        <translation>写出作为起点的配方</translation>
    </message>
    <message>
        <source>Write a recipe with this checkpoint&apos;s shapes, to be completed by hand</source>
        <translation>写出含此检查点形状的配方，供手工补全</translation>
    </message>
    <message>
        <source>as it was compiled: %1</source>
        <translation>按编译时：%1</translation>
    </message>
    <message>
        <source>automatic: {0}</source>
        <translation>自动：{0}</translation>
    </message>
    <message>
        <source>found automatically</source>
        <translation>自动找到</translation>
    </message>
    <message>
        <source>none: the checkpoint&apos;s own graph or model</source>
        <translation>无：用检查点自己的图或模型</translation>
    </message>
    <message>
        <source>nothing yet</source>
        <translation>尚无</translation>
    </message>
    <message>
        <source>the Keras model of %1</source>
        <translation>%1 的 Keras 模型</translation>
    </message>
    <message>
        <source>the SavedModel %1</source>
        <translation>SavedModel %1</translation>
    </message>
    <message>
        <source>the graph %1</source>
        <translation>图 %1</translation>
    </message>
    <message>
        <source>the graph&apos;s own</source>
        <translation>计算图自带</translation>
    </message>
    <message>
        <source>the optimizer&apos;s own: %1</source>
        <translation>优化器自己的:%1</translation>
    </message>
    <message>
        <source>the recipe %1</source>
        <translation>配方 %1</translation>
    </message>
</context>
<context>
    <name>NameRules</name>
    <message>
        <source>&amp;by:</source>
        <translation>替换为(&amp;B)：</translation>
    </message>
    <message>
        <source>&amp;pattern replaced:</source>
        <translation>被替换的模式(&amp;P)：</translation>
    </message>
    <message>
        <source>Pattern to replace (regular expression)</source>
        <translation>要替换的模式（正则表达式）</translation>
    </message>
    <message>
        <source>Prefix to add</source>
        <translation>要添加的前缀</translation>
    </message>
    <message>
        <source>Prefix to remove</source>
        <translation>要去掉的前缀</translation>
    </message>
    <message>
        <source>Replacement</source>
        <translation>替换文本</translation>
    </message>
    <message>
        <source>The pattern is not a regular expression: {0} at character {1}.</source>
        <translation>模式不是正则表达式：{0}，位于第 {1} 个字符。</translation>
    </message>
    <message>
        <source>The pattern is not a regular expression: {0}.</source>
        <translation>模式不是正则表达式：{0}。</translation>
    </message>
    <message>
        <source>The replacement cannot be used: {0}.</source>
        <translation>替换文本无法使用：{0}。</translation>
    </message>
    <message>
        <source>There is a replacement, but no pattern that it would replace.</source>
        <translation>有替换文本，但没有要替换的模式。</translation>
    </message>
    <message>
        <source>for example {0}</source>
        <translation>例如 {0}</translation>
    </message>
    <message>
        <source>prefix &amp;added:</source>
        <translation>添加前缀(&amp;A)：</translation>
    </message>
    <message>
        <source>prefix &amp;removed:</source>
        <translation>去掉前缀(&amp;R)：</translation>
    </message>
</context>
<context>
    <name>NamesSwitch</name>
    <message>
        <source>Full names</source>
        <translation>全名</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>键</translation>
    </message>
    <message>
        <source>Object paths</source>
        <translation>对象路径</translation>
    </message>
    <message>
        <source>Show variables by</source>
        <translation>变量显示为</translation>
    </message>
    <message>
        <source>Show variables by full name, object path or key</source>
        <translation>按全名、对象路径或键显示变量</translation>
    </message>
    <message>
        <source>What each variable is called in the file</source>
        <translation>每个变量在文件中的名称</translation>
    </message>
    <message>
        <source>What the model calls each variable</source>
        <translation>模型对每个变量的称呼</translation>
    </message>
    <message>
        <source>Where the program that saved it kept each variable</source>
        <translation>保存它的程序存放每个变量的位置</translation>
    </message>
</context>
<context>
    <name>Opener</name>
    <message>
        <source>%1 is still being opened: its disk or network is slow, or does not answer.</source>
        <translation>%1 仍在打开：其所在的磁盘或网络很慢，或没有响应。</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Opening</source>
        <translation>正在打开</translation>
    </message>
</context>
<context>
    <name>Overlays</name>
    <message>
        <source>Original</source>
        <translation>原值</translation>
    </message>
    <message>
        <source>Staged</source>
        <translation>暂存</translation>
    </message>
    <message>
        <source>This variable</source>
        <translation>此变量</translation>
    </message>
</context>
<context>
    <name>PathField</name>
    <message>
        <source>File…</source>
        <translation>文件…</translation>
    </message>
    <message>
        <source>Folder…</source>
        <translation>文件夹…</translation>
    </message>
    <message>
        <source>Recent</source>
        <translation>最近使用</translation>
    </message>
    <message>
        <source>{0}: recent ones</source>
        <translation>{0}：最近使用</translation>
    </message>
</context>
<context>
    <name>ProblemTable</name>
    <message>
        <source>Kind</source>
        <translation>种类</translation>
    </message>
    <message>
        <source>Staged</source>
        <translation>暂存</translation>
    </message>
    <message>
        <source>Variable</source>
        <translation>变量</translation>
    </message>
    <message>
        <source>What is wrong</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>changed</source>
        <translation>已更改</translation>
    </message>
    <message>
        <source>checksum</source>
        <translation>校验和</translation>
    </message>
    <message>
        <source>contradictory</source>
        <translation>自相矛盾</translation>
    </message>
    <message>
        <source>cut off</source>
        <translation>截断</translation>
    </message>
    <message>
        <source>missing</source>
        <translation>缺失</translation>
    </message>
    <message>
        <source>overlap</source>
        <translation>重叠</translation>
    </message>
    <message>
        <source>unknown kind</source>
        <translation>未知种类</translation>
    </message>
    <message>
        <source>unreadable</source>
        <translation>无法读取</translation>
    </message>
    <message>
        <source>✕ dropped</source>
        <translation>✕ 已移除</translation>
    </message>
</context>
<context>
    <name>ProblemsPanel</name>
    <message numerus="yes">
        <source>%n problems in %1.</source>
        <translation>
            <numerusform>%1 中有 %n 个问题。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n variables could not be read when the checkpoint was opened; verify for the rest.</source>
        <translation>
            <numerusform>打开检查点时有 %n 个变量无法读取；其余请校验。</numerusform>
        </translation>
    </message>
    <message>
        <source>1 problem in %1.</source>
        <translation>%1 中有 1 个问题。</translation>
    </message>
    <message>
        <source>1 variable could not be read when the checkpoint was opened; verify for the rest.</source>
        <translation>打开检查点时有 1 个变量无法读取；其余请校验。</translation>
    </message>
    <message>
        <source>All checksums are right (%1 bytes).</source>
        <translation>所有校验和均正确（%1 字节）。</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Compare every checksum of the checkpoint</source>
        <translation>核对检查点的所有校验和</translation>
    </message>
    <message>
        <source>Comparing checksums: %1 of %2</source>
        <translation>正在核对校验和：%1 / %2</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy the selected problems, or all</source>
        <translation>复制所选问题，未选择时复制全部</translation>
    </message>
    <message>
        <source>Drop</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Drop all</source>
        <translation>全部移除</translation>
    </message>
    <message>
        <source>Leave the variables of the selected problems, or of all, out of what is written</source>
        <translation>写入时不包含所选问题（未选择时为全部）的变量</translation>
    </message>
    <message>
        <source>Problems</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>Progress of the verification</source>
        <translation>校验进度</translation>
    </message>
    <message>
        <source>Take from another checkpoint…</source>
        <translation>取自另一检查点…</translation>
    </message>
    <message>
        <source>Take the variables of the selected problems, or of all, from a donor</source>
        <translation>从来源检查点获取所选问题（未选择时为全部）的变量</translation>
    </message>
    <message>
        <source>The checksums have not been compared yet.</source>
        <translation>尚未核对校验和。</translation>
    </message>
    <message>
        <source>Verify</source>
        <translation>校验</translation>
    </message>
    <message>
        <source>Verifying was stopped before its end.</source>
        <translation>校验在完成前被停止。</translation>
    </message>
</context>
<context>
    <name>Profile</name>
    <message>
        <source>{0}: from {1} to {2}</source>
        <translation>{0}：从 {1} 到 {2}</translation>
    </message>
</context>
<context>
    <name>Profiles</name>
    <message>
        <source>Column</source>
        <translation>列</translation>
    </message>
    <message>
        <source>Row</source>
        <translation>行</translation>
    </message>
</context>
<context>
    <name>Progress</name>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Cancel {0}</source>
        <translation>取消{0}</translation>
    </message>
    <message>
        <source>Progress of {0}</source>
        <translation>{0}的进度</translation>
    </message>
</context>
<context>
    <name>RenameDialog</name>
    <message>
        <source>%n names change</source>
        <translation>%n 个名称改变</translation>
    </message>
    <message>
        <source>&amp;How:</source>
        <translation>方式(&amp;H)：</translation>
    </message>
    <message>
        <source>1 name changes</source>
        <translation>1 个名称改变</translation>
    </message>
    <message>
        <source>A variable&apos;s new name is its name, with</source>
        <translation>变量的新名称为其名称，并</translation>
    </message>
    <message>
        <source>By a prefix or a pattern</source>
        <translation>按前缀或模式</translation>
    </message>
    <message>
        <source>Hindrance</source>
        <translation>障碍</translation>
    </message>
    <message>
        <source>How they are renamed</source>
        <translation>如何重命名</translation>
    </message>
    <message>
        <source>Move the group</source>
        <translation>移动此组</translation>
    </message>
    <message>
        <source>New &amp;name:</source>
        <translation>新名称(&amp;N)：</translation>
    </message>
    <message>
        <source>New &amp;path of %1:</source>
        <translation>%1 的新路径(&amp;P)：</translation>
    </message>
    <message>
        <source>New name</source>
        <translation>新名称</translation>
    </message>
    <message>
        <source>New path of the group</source>
        <translation>此组的新路径</translation>
    </message>
    <message>
        <source>No name changes.</source>
        <translation>没有名称改变。</translation>
    </message>
    <message>
        <source>Now</source>
        <translation>现在</translation>
    </message>
    <message>
        <source>Rename a variable</source>
        <translation>重命名变量</translation>
    </message>
    <message>
        <source>Rename its optimizer &amp;slots along</source>
        <translation>一并重命名其优化器槽(&amp;S)</translation>
    </message>
    <message>
        <source>Rename its optimizer slots along</source>
        <translation>一并重命名其优化器槽</translation>
    </message>
    <message>
        <source>Rename variables</source>
        <translation>重命名多个变量</translation>
    </message>
    <message>
        <source>Then</source>
        <translation>之后</translation>
    </message>
</context>
<context>
    <name>ReplaceNanDialog</name>
    <message>
        <source>&amp;Number in its place:</source>
        <translation>代替它的数(&amp;N)：</translation>
    </message>
    <message>
        <source>Number in its place</source>
        <translation>代替它的数</translation>
    </message>
    <message>
        <source>Replace &amp;infinities, too</source>
        <translation>也替换无穷大(&amp;I)</translation>
    </message>
    <message>
        <source>Replace NaN</source>
        <translation>替换 NaN</translation>
    </message>
    <message>
        <source>Replace infinities, too</source>
        <translation>也替换无穷大</translation>
    </message>
</context>
<context>
    <name>ResumeDialog</name>
    <message>
        <source>&amp;Copy</source>
        <translation>复制(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Queue</source>
        <translation>排队(&amp;Q)</translation>
    </message>
    <message>
        <source>&amp;Start</source>
        <translation>开始(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Try one batch</source>
        <translation>试一个批次(&amp;T)</translation>
    </message>
    <message>
        <source>Another run writes into this folder; choose another one.</source>
        <translation>另一个运行写入此文件夹；请另选一个。</translation>
    </message>
    <message>
        <source>Build it, bind every variable, and compute one batch&apos;s loss; nothing is trained or kept</source>
        <translation>构建、绑定每个变量并计算一个批次的损失；不训练也不保留任何东西</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Choose a folder for the run.</source>
        <translation>请选择运行文件夹。</translation>
    </message>
    <message>
        <source>Choose the data: it takes {0}.</source>
        <translation>请选择数据：需要 {0}。</translation>
    </message>
    <message>
        <source>Copy the command</source>
        <translation>复制命令</translation>
    </message>
    <message>
        <source>Reading the graph</source>
        <translation>正在读取计算图</translation>
    </message>
    <message>
        <source>Reading what could be trained …</source>
        <translation>正在读取可训练的内容…</translation>
    </message>
    <message>
        <source>Resume training</source>
        <translation>继续训练</translation>
    </message>
    <message>
        <source>Start the run</source>
        <translation>开始运行</translation>
    </message>
    <message>
        <source>The same without a window</source>
        <translation>不用窗口的同样运行</translation>
    </message>
    <message>
        <source>The same without a window, for a shell:</source>
        <translation>不用窗口的同样运行，供 shell 使用：</translation>
    </message>
    <message>
        <source>Try one batch</source>
        <translation>试一个批次</translation>
    </message>
    <message>
        <source>Trying one batch</source>
        <translation>正在试一个批次</translation>
    </message>
    <message>
        <source>Trying one batch in a training process …</source>
        <translation>正在训练进程中试一个批次…</translation>
    </message>
    <message>
        <source>What will happen</source>
        <translation>将会发生什么</translation>
    </message>
    <message>
        <source>Writing a recipe</source>
        <translation>正在写出配方</translation>
    </message>
</context>
<context>
    <name>RoleBar</name>
    <message>
        <source>After</source>
        <translation>之后</translation>
    </message>
    <message>
        <source>After: %1</source>
        <translation>之后：%1</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>之前</translation>
    </message>
    <message>
        <source>Before: %1</source>
        <translation>之前：%1</translation>
    </message>
    <message>
        <source>Bytes by role</source>
        <translation>按角色的字节数</translation>
    </message>
    <message>
        <source>counters</source>
        <translation>计数器</translation>
    </message>
    <message>
        <source>metadata</source>
        <translation>元数据</translation>
    </message>
    <message>
        <source>optimizer slots</source>
        <translation>优化器槽</translation>
    </message>
    <message>
        <source>statistics</source>
        <translation>统计量</translation>
    </message>
    <message>
        <source>weights</source>
        <translation>权重</translation>
    </message>
</context>
<context>
    <name>RunBox</name>
    <message>
        <source>&amp;Batch size:</source>
        <translation>批大小(&amp;B)：</translation>
    </message>
    <message>
        <source>&amp;Keep:</source>
        <translation>保留(&amp;K)：</translation>
    </message>
    <message>
        <source>Batch size</source>
        <translation>批大小</translation>
    </message>
    <message>
        <source>Best checkpoints to keep beside them</source>
        <translation>另外保留的最佳检查点数</translation>
    </message>
    <message>
        <source>Checkpoints to keep</source>
        <translation>保留的检查点数</translation>
    </message>
    <message>
        <source>Go on when the loss is &amp;no number</source>
        <translation>损失不是数时继续(&amp;N)</translation>
    </message>
    <message>
        <source>Go on when the loss is no number</source>
        <translation>损失不是数时继续</translation>
    </message>
    <message>
        <source>Keep best, t&amp;oo:</source>
        <translation>另存最佳(&amp;O)：</translation>
    </message>
    <message>
        <source>Keep moving statistics of &amp;frozen layers, too</source>
        <translation>冻结层的移动统计也保持不变(&amp;F)</translation>
    </message>
    <message>
        <source>Keep moving statistics of frozen layers, too</source>
        <translation>冻结层的移动统计也保持不变</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>运行</translation>
    </message>
    <message>
        <source>Run &amp;folder:</source>
        <translation>运行文件夹(&amp;F)：</translation>
    </message>
    <message>
        <source>Run folder</source>
        <translation>运行文件夹</translation>
    </message>
    <message>
        <source>Save &amp;every:</source>
        <translation>保存间隔(&amp;E)：</translation>
    </message>
    <message>
        <source>See&amp;d:</source>
        <translation>随机种子(&amp;D)：</translation>
    </message>
    <message>
        <source>Seed of the data&apos;s order</source>
        <translation>数据顺序的随机种子</translation>
    </message>
    <message>
        <source>Ste&amp;ps:</source>
        <translation>步数(&amp;P)：</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>步数</translation>
    </message>
    <message>
        <source>Steps between checkpoints</source>
        <translation>检查点之间的步数</translation>
    </message>
    <message>
        <source>all</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>only at the end</source>
        <translation>仅在结束时</translation>
    </message>
    <message>
        <source>until stopped</source>
        <translation>直到停止</translation>
    </message>
</context>
<context>
    <name>RunHead</name>
    <message>
        <source>%1 waiting</source>
        <translation>%1 个等待</translation>
    </message>
    <message>
        <source>&amp;Compare with what is open</source>
        <translation>与当前打开的比较(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Go on</source>
        <translation>继续(&amp;G)</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>打开(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Pause</source>
        <translation>暂停(&amp;P)</translation>
    </message>
    <message>
        <source>&amp;Resume from it…</source>
        <translation>从它继续训练(&amp;R)…</translation>
    </message>
    <message>
        <source>Checkpoint &amp;now</source>
        <translation>立即保存检查点(&amp;N)</translation>
    </message>
    <message>
        <source>Checkpoints</source>
        <translation>检查点</translation>
    </message>
    <message>
        <source>Checkpoints of this run</source>
        <translation>本次运行的检查点</translation>
    </message>
    <message>
        <source>Compare %1 with what is open</source>
        <translation>将 %1 与当前打开的比较</translation>
    </message>
    <message>
        <source>Do no step until this is pressed again</source>
        <translation>再次按下前不做任何一步</translation>
    </message>
    <message>
        <source>Finish the step, save a checkpoint and end the run</source>
        <translation>完成当前步，保存检查点并结束运行</translation>
    </message>
    <message>
        <source>Runs that wait</source>
        <translation>等待的运行</translation>
    </message>
    <message>
        <source>S&amp;top</source>
        <translation>停止(&amp;T)</translation>
    </message>
    <message>
        <source>Take %1 out</source>
        <translation>移出 %1</translation>
    </message>
    <message>
        <source>compiling the graph</source>
        <translation>正在编译计算图</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>finished</source>
        <translation>已完成</translation>
    </message>
    <message>
        <source>lost</source>
        <translation>失去联系</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>preparing</source>
        <translation>正在准备</translation>
    </message>
    <message>
        <source>running</source>
        <translation>正在运行</translation>
    </message>
    <message>
        <source>running, last step {0} ago</source>
        <translation>运行中,上一步在 {0} 前</translation>
    </message>
    <message>
        <source>saving a checkpoint</source>
        <translation>正在保存检查点</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>stopping: the step finishes, a checkpoint is saved</source>
        <translation>正在停止：完成当前步并保存检查点</translation>
    </message>
</context>
<context>
    <name>RunPanel</name>
    <message>
        <source>&amp;Copy</source>
        <translation>复制(&amp;C)</translation>
    </message>
    <message>
        <source>Copy what happened and the last lines of the log</source>
        <translation>复制经过以及日志的最后几行</translation>
    </message>
    <message>
        <source>ETA {0}</source>
        <translation>剩余 {0}</translation>
    </message>
    <message>
        <source>No loss was found in this graph; the run trains without a curve.</source>
        <translation>此计算图中未找到损失；训练照常进行，但没有曲线。</translation>
    </message>
    <message>
        <source>No program opens %1; its place is on the clipboard.</source>
        <translation>没有程序可以打开 %1;其位置已复制到剪贴板。</translation>
    </message>
    <message>
        <source>No run yet. Run ▸ Resume… (Ctrl+R) trains on from the open checkpoint.</source>
        <translation>尚无运行。运行 ▸ 继续训练…（Ctrl+R）可从打开的检查点继续训练。</translation>
    </message>
    <message>
        <source>Open %1, line %2</source>
        <translation>打开 %1,第 %2 行</translation>
    </message>
    <message>
        <source>Open the recipe where it failed</source>
        <translation>打开配方中出错的位置</translation>
    </message>
    <message>
        <source>Place: {0}</source>
        <translation>位置:{0}</translation>
    </message>
    <message>
        <source>Progress of the run</source>
        <translation>运行进度</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>运行</translation>
    </message>
    <message>
        <source>Run folder: {0}</source>
        <translation>运行文件夹：{0}</translation>
    </message>
    <message>
        <source>The last lines of the log</source>
        <translation>日志的最后几行</translation>
    </message>
    <message>
        <source>The loss appears with the first step.</source>
        <translation>完成第一步后显示损失。</translation>
    </message>
    <message>
        <source>The loss was not a finite number at step {0}; such steps are gaps in the curve.</source>
        <translation>第 {0} 步的损失不是有限数；这样的步在曲线中留空。</translation>
    </message>
    <message>
        <source>The run ended before its first step.</source>
        <translation>运行在第一步之前就结束了。</translation>
    </message>
    <message>
        <source>loss {0}</source>
        <translation>损失 {0}</translation>
    </message>
    <message>
        <source>step {0}</source>
        <translation>第 {0} 步</translation>
    </message>
    <message>
        <source>{0} steps/s</source>
        <translation>{0} 步/秒</translation>
    </message>
    <message>
        <source>⚠ Frozen variables have changed: do not use this checkpoint.</source>
        <translation>⚠ 冻结的变量发生了变化：请勿使用此检查点。</translation>
    </message>
    <message>
        <source>✓ 1 frozen variable is bit-identical.</source>
        <translation>✓ 1 个冻结的变量逐位一致。</translation>
    </message>
    <message>
        <source>✓ {0} frozen variables are bit-identical.</source>
        <translation>✓ {0} 个冻结的变量逐位一致。</translation>
    </message>
</context>
<context>
    <name>ScalarFace</name>
    <message>
        <source>&amp;Set</source>
        <translation>设置(&amp;S)</translation>
    </message>
    <message>
        <source>New value</source>
        <translation>新值</translation>
    </message>
    <message>
        <source>Stage the new value</source>
        <translation>暂存新值</translation>
    </message>
    <message>
        <source>bits</source>
        <translation>二进制位</translation>
    </message>
    <message>
        <source>hexadecimal</source>
        <translation>十六进制</translation>
    </message>
    <message>
        <source>scientific</source>
        <translation>科学记数</translation>
    </message>
    <message>
        <source>thousands</source>
        <translation>千分位</translation>
    </message>
</context>
<context>
    <name>ScaleDialog</name>
    <message>
        <source>Factor</source>
        <translation>系数</translation>
    </message>
    <message>
        <source>Offset</source>
        <translation>偏移</translation>
    </message>
    <message>
        <source>Scale or shift</source>
        <translation>缩放或平移</translation>
    </message>
    <message>
        <source>Times the &amp;factor:</source>
        <translation>乘以系数(&amp;F)：</translation>
    </message>
    <message>
        <source>plus the &amp;offset:</source>
        <translation>加上偏移(&amp;O)：</translation>
    </message>
</context>
<context>
    <name>Session</name>
    <message numerus="yes">
        <source>%n variables wait for their values from another checkpoint: %1</source>
        <translation>
            <numerusform>%n 个变量在等待来自另一检查点的值：%1</numerusform>
        </translation>
    </message>
    <message>
        <source>1 variable waits for its value from another checkpoint: %1</source>
        <translation>1 个变量在等待来自另一检查点的值：%1</translation>
    </message>
    <message>
        <source>Another checkpoint is being opened; edit when it is there.</source>
        <translation>正在打开另一个检查点；请在打开后再修改。</translation>
    </message>
    <message>
        <source>Choose one in Checkpoints.</source>
        <translation>请在“检查点”中选择一个。</translation>
    </message>
    <message>
        <source>Find it…</source>
        <translation>查找…</translation>
    </message>
    <message>
        <source>Opening was stopped.</source>
        <translation>已停止打开。</translation>
    </message>
    <message>
        <source>Revert All</source>
        <translation>全部还原</translation>
    </message>
    <message>
        <source>Staged edits from last time are here again; they had not been written.</source>
        <translation>已恢复上次暂存的修改；它们尚未写入。</translation>
    </message>
    <message>
        <source>Try Again</source>
        <translation>重试</translation>
    </message>
</context>
<context>
    <name>SliceBar</name>
    <message>
        <source>&amp;Filters</source>
        <translation>滤波器(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Rows</source>
        <translation>行(&amp;R)</translation>
    </message>
    <message>
        <source>Axis that runs across</source>
        <translation>横向的轴</translation>
    </message>
    <message>
        <source>Axis that runs down</source>
        <translation>纵向的轴</translation>
    </message>
    <message>
        <source>Axis {0} ({1:,})</source>
        <translation>轴 {0}（{1:,}）</translation>
    </message>
    <message>
        <source>C&amp;olumns</source>
        <translation>列(&amp;O)</translation>
    </message>
    <message>
        <source>Compared values</source>
        <translation>被比较的值</translation>
    </message>
    <message>
        <source>Exchange rows and columns</source>
        <translation>交换行和列</translation>
    </message>
    <message>
        <source>Original values</source>
        <translation>原始值</translation>
    </message>
    <message>
        <source>Show all filters side by side, each of these two axes</source>
        <translation>并排显示所有滤波器，每个为这两个轴</translation>
    </message>
    <message>
        <source>Slice</source>
        <translation>切片</translation>
    </message>
    <message>
        <source>Staged values</source>
        <translation>暂存值</translation>
    </message>
    <message>
        <source>Staged − compared</source>
        <translation>暂存 − 被比较</translation>
    </message>
    <message>
        <source>Staged − original</source>
        <translation>暂存 − 原值</translation>
    </message>
    <message>
        <source>Values shown</source>
        <translation>显示的值</translation>
    </message>
</context>
<context>
    <name>SlimDialog</name>
    <message>
        <source>%1 variables go, and %2 with them</source>
        <translation>去掉 %1 个变量，共 %2</translation>
    </message>
    <message>
        <source>&amp;Keep step counters</source>
        <translation>保留步数计数器(&amp;K)</translation>
    </message>
    <message>
        <source>&amp;Keep the averages, too</source>
        <translation>也保留平均(&amp;K)</translation>
    </message>
    <message>
        <source>&amp;Leave out:</source>
        <translation>去掉(&amp;L)：</translation>
    </message>
    <message>
        <source>Bytes</source>
        <translation>字节</translation>
    </message>
    <message>
        <source>Moving averages of weights</source>
        <translation>权重的移动平均</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>Slim the checkpoint</source>
        <translation>检查点瘦身</translation>
    </message>
    <message>
        <source>The optimizer&apos;s state of frozen variables</source>
        <translation>冻结变量的优化器状态</translation>
    </message>
    <message>
        <source>The optimizer&apos;s state: parameters only</source>
        <translation>优化器状态：只留参数</translation>
    </message>
    <message>
        <source>Weights: their moving averages take their place</source>
        <translation>权重：由其移动平均取代</translation>
    </message>
    <message>
        <source>What goes</source>
        <translation>去掉的内容</translation>
    </message>
    <message>
        <source>What is left out</source>
        <translation>去掉什么</translation>
    </message>
</context>
<context>
    <name>SpectrumFace</name>
    <message>
        <source>&amp;Logarithmic</source>
        <translation>对数(&amp;L)</translation>
    </message>
    <message>
        <source>90 % of the energy in {0:,}, 99 % in {1:,}</source>
        <translation>90 % 的能量在 {0:,} 个中，99 % 在 {1:,} 个中</translation>
    </message>
    <message>
        <source>Computing the singular values …</source>
        <translation>正在计算奇异值…</translation>
    </message>
    <message>
        <source>Logarithmic scale of the singular values</source>
        <translation>奇异值的对数刻度</translation>
    </message>
    <message>
        <source>Singular values</source>
        <translation>奇异值</translation>
    </message>
    <message>
        <source>condition number {0}</source>
        <translation>条件数 {0}</translation>
    </message>
    <message>
        <source>effective rank {0}</source>
        <translation>有效秩 {0}</translation>
    </message>
    <message>
        <source>largest {0}, smallest {1}</source>
        <translation>最大 {0}，最小 {1}</translation>
    </message>
    <message>
        <source>number</source>
        <translation>序号</translation>
    </message>
    <message>
        <source>number {0:,}: {1}</source>
        <translation>第 {0:,} 个：{1}</translation>
    </message>
    <message>
        <source>rank {0:,} of {1:,}</source>
        <translation>秩 {0:,} / {1:,}</translation>
    </message>
    <message>
        <source>singular value</source>
        <translation>奇异值</translation>
    </message>
    <message>
        <source>stable rank {0}</source>
        <translation>稳定秩 {0}</translation>
    </message>
</context>
<context>
    <name>StartPage</name>
    <message>
        <source>Open %1</source>
        <translation>打开 %1</translation>
    </message>
    <message>
        <source>Open File</source>
        <translation>打开文件</translation>
    </message>
    <message>
        <source>Open Folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Open the sample</source>
        <translation>打开示例</translation>
    </message>
    <message>
        <source>Recent</source>
        <translation>最近使用</translation>
    </message>
</context>
<context>
    <name>StatusLine</name>
    <message numerus="yes">
        <source>%n edits, written</source>
        <translation>
            <numerusform>%n 项修改，已写入</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n staged edits</source>
        <translation>
            <numerusform>%n 项暂存的修改</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n variables</source>
        <translation>
            <numerusform>%n 个变量</numerusform>
        </translation>
    </message>
    <message>
        <source>1 edit, written</source>
        <translation>1 项修改，已写入</translation>
    </message>
    <message>
        <source>1 parameter</source>
        <translation>1 个参数</translation>
    </message>
    <message>
        <source>1 staged edit</source>
        <translation>1 项暂存的修改</translation>
    </message>
    <message>
        <source>1 variable</source>
        <translation>1 个变量</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>No checkpoint is open</source>
        <translation>未打开检查点</translation>
    </message>
    <message>
        <source>no staged edits</source>
        <translation>没有暂存的修改</translation>
    </message>
    <message>
        <source>{0} parameters</source>
        <translation>{0} 个参数</translation>
    </message>
</context>
<context>
    <name>StepDialog</name>
    <message>
        <source>&amp;Step:</source>
        <translation>步(&amp;S)：</translation>
    </message>
    <message>
        <source>Counter</source>
        <translation>计数器</translation>
    </message>
    <message>
        <source>Set the step</source>
        <translation>设置步数</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>步</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>类型</translation>
    </message>
</context>
<context>
    <name>Taking</name>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy as CSV</source>
        <translation>复制为 CSV</translation>
    </message>
    <message>
        <source>Copy as NumPy code</source>
        <translation>复制为 NumPy 代码</translation>
    </message>
    <message>
        <source>Copy the selected cells</source>
        <translation>复制所选单元格</translation>
    </message>
    <message>
        <source>Copying</source>
        <translation>正在复制</translation>
    </message>
    <message>
        <source>Copying takes at most {0:,} cells; choose fewer, or export.</source>
        <translation>最多复制 {0:,} 个单元格；请少选一些，或导出。</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Exporting</source>
        <translation>正在导出</translation>
    </message>
    <message>
        <source>Save as</source>
        <translation>另存为</translation>
    </message>
    <message>
        <source>Save the slice as {0}…</source>
        <translation>将切片存为 {0}…</translation>
    </message>
    <message>
        <source>Saved %1.</source>
        <translation>已保存 %1。</translation>
    </message>
    <message>
        <source>Write the whole slice to a file</source>
        <translation>将整个切片写入文件</translation>
    </message>
</context>
<context>
    <name>TensorPanel</name>
    <message>
        <source>Choose a variable to see its histogram, heatmap and values.</source>
        <translation>选择一个变量，查看它的直方图、热图和数值。</translation>
    </message>
    <message>
        <source>Heatmap</source>
        <translation>热图</translation>
    </message>
    <message>
        <source>Histogram</source>
        <translation>直方图</translation>
    </message>
    <message>
        <source>Open a checkpoint to look at its variables.</source>
        <translation>打开检查点以查看其中的变量。</translation>
    </message>
    <message>
        <source>Values</source>
        <translation>数值</translation>
    </message>
    <message>
        <source>Variable</source>
        <translation>变量</translation>
    </message>
    <message>
        <source>Views</source>
        <translation>视图</translation>
    </message>
    <message>
        <source>staged</source>
        <translation>暂存</translation>
    </message>
</context>
<context>
    <name>TensorView</name>
    <message>
        <source>This variable has no elements: its shape is {0}.</source>
        <translation>此变量没有元素：其形状为 {0}。</translation>
    </message>
    <message>
        <source>This variable holds text. The Values tab shows it.</source>
        <translation>此变量保存的是文本。请在“数值”标签页中查看。</translation>
    </message>
    <message>
        <source>This was stopped before it was done.</source>
        <translation>在完成之前已停止。</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
</context>
<context>
    <name>TextPane</name>
    <message numerus="yes">
        <source>%n bytes</source>
        <translation>
            <numerusform>%n 字节</numerusform>
        </translation>
    </message>
    <message>
        <source>1 byte</source>
        <translation>1 字节</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>Bytes</source>
        <translation>字节</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>How the string is shown</source>
        <translation>字符串如何显示</translation>
    </message>
    <message>
        <source>JSON</source>
        <translation>JSON</translation>
    </message>
    <message>
        <source>Part of the string</source>
        <translation>字符串的一部分</translation>
    </message>
    <message>
        <source>S&amp;how as</source>
        <translation>显示为(&amp;H)</translation>
    </message>
    <message>
        <source>Save…</source>
        <translation>保存…</translation>
    </message>
    <message>
        <source>Set</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Stage the text as it is now</source>
        <translation>暂存现在的文本</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>文本</translation>
    </message>
    <message>
        <source>bytes</source>
        <translation>字节</translation>
    </message>
    <message>
        <source>part </source>
        <translation>部分 </translation>
    </message>
    <message>
        <source>text</source>
        <translation>文本</translation>
    </message>
</context>
<context>
    <name>Texts</name>
    <message>
        <source>Values of the type %1 are opaque: they are kept as they are, and cannot be shown.</source>
        <translation>%1 类型的值不透明：会原样保留，但无法显示。</translation>
    </message>
    <message>
        <source>scalar</source>
        <translation>标量</translation>
    </message>
</context>
<context>
    <name>TreeFilter</name>
    <message numerus="yes">
        <source>%1 of %n</source>
        <translation>
            <numerusform>%1 / %n</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n variables</source>
        <translation>
            <numerusform>%n 个变量</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n without an object path</source>
        <translation>
            <numerusform>%n 个没有对象路径</numerusform>
        </translation>
    </message>
    <message>
        <source>1 variable</source>
        <translation>1 个变量</translation>
    </message>
    <message numerus="yes">
        <source>figures of %n to come</source>
        <translation>
            <numerusform>还有 %n 个的数据未出</numerusform>
        </translation>
    </message>
    <message>
        <source>no object paths: full names are shown</source>
        <translation>没有对象路径：显示全名</translation>
    </message>
</context>
<context>
    <name>TreeHeader</name>
    <message>
        <source>All columns in their places</source>
        <translation>所有列恢复原位</translation>
    </message>
</context>
<context>
    <name>TrustDialog</name>
    <message>
        <source>&amp;Do not start</source>
        <translation>不开始(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Trust and start</source>
        <translation>信任并开始(&amp;T)</translation>
    </message>
    <message>
        <source>A graph is a program. To resume training, Ckpt Studio runs the one in this file, in a process of its own. Trust it only if you know where it comes from.</source>
        <translation>计算图就是程序。要继续训练，Ckpt Studio 会在单独的进程中运行此文件里的计算图。请仅在了解其来源时才信任它。</translation>
    </message>
    <message>
        <source>A recipe is a Python program: it can do whatever you can. To resume training, Ckpt Studio runs it in a process of its own. Trust it only if you know what it does.</source>
        <translation>配方是一个 Python 程序：您能做的它都能做。为继续训练，Ckpt Studio 会在单独的进程中运行它。只有在您知道它做什么时才信任它。</translation>
    </message>
    <message>
        <source>Do not start</source>
        <translation>不开始</translation>
    </message>
    <message>
        <source>Operations that can do more than compute</source>
        <translation>不只做计算的操作</translation>
    </message>
    <message>
        <source>These operations can do more than compute:</source>
        <translation>以下操作不只做计算：</translation>
    </message>
    <message>
        <source>To resume training, Ckpt Studio builds the model that this file describes, in a process of its own, and runs it. Trust it only if you know where it comes from.</source>
        <translation>为继续训练，Ckpt Studio 会在单独的进程中构建并运行此文件所描述的模型。只有在您知道它的来源时才信任它。</translation>
    </message>
    <message>
        <source>Trust it and start</source>
        <translation>信任并开始</translation>
    </message>
    <message>
        <source>Trust this graph?</source>
        <translation>信任此计算图？</translation>
    </message>
    <message>
        <source>Trust this model?</source>
        <translation>信任此模型吗？</translation>
    </message>
    <message>
        <source>Trust this recipe?</source>
        <translation>信任此配方吗？</translation>
    </message>
    <message>
        <source>What will run of it only computes: it neither opens files nor calls Python.</source>
        <translation>将要运行的部分只做计算：既不打开文件，也不调用 Python。</translation>
    </message>
    <message>
        <source>You are asked once. If the file changes, you are asked again.</source>
        <translation>只询问一次。如果文件发生变化，会再次询问。</translation>
    </message>
</context>
<context>
    <name>ValueControls</name>
    <message>
        <source>&amp;Numbers</source>
        <translation>数(&amp;N)</translation>
    </message>
    <message>
        <source>All digits</source>
        <translation>全部位数</translation>
    </message>
    <message>
        <source>Around zero</source>
        <translation>以零为中心</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>Co&amp;lours</source>
        <translation>配色(&amp;L)</translation>
    </message>
    <message>
        <source>Colours behind the numbers</source>
        <translation>数后面的颜色</translation>
    </message>
    <message>
        <source>Digits</source>
        <translation>位数</translation>
    </message>
    <message>
        <source>Fixed</source>
        <translation>定点</translation>
    </message>
    <message>
        <source>Hexadecimal</source>
        <translation>十六进制</translation>
    </message>
    <message>
        <source>Low to high</source>
        <translation>从低到高</translation>
    </message>
    <message>
        <source>None</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Number format</source>
        <translation>数的格式</translation>
    </message>
    <message>
        <source>Number of digits</source>
        <translation>位数</translation>
    </message>
    <message>
        <source>Scientific</source>
        <translation>科学记数</translation>
    </message>
    <message>
        <source>Values alone</source>
        <translation>仅值</translation>
    </message>
    <message>
        <source>What the values are held against</source>
        <translation>值与什么对照</translation>
    </message>
    <message>
        <source>beside compared</source>
        <translation>与被比较的并列</translation>
    </message>
    <message>
        <source>beside original</source>
        <translation>与原值并列</translation>
    </message>
    <message>
        <source>beside staged</source>
        <translation>与暂存值并列</translation>
    </message>
    <message>
        <source>usual</source>
        <translation>通常</translation>
    </message>
</context>
<context>
    <name>ValueSplit</name>
    <message>
        <source>Only for matrices of at least 2 and at most {0:,} singular values</source>
        <translation>仅用于有 2 到 {0:,} 个奇异值的矩阵</translation>
    </message>
    <message>
        <source>Plot</source>
        <translation>绘图</translation>
    </message>
    <message>
        <source>Show the singular values of the matrix</source>
        <translation>显示矩阵的奇异值</translation>
    </message>
    <message>
        <source>Show the vector as a line</source>
        <translation>以折线显示向量</translation>
    </message>
    <message>
        <source>Spectrum</source>
        <translation>谱</translation>
    </message>
</context>
<context>
    <name>ValueTable</name>
    <message>
        <source>Page of columns</source>
        <translation>列的页</translation>
    </message>
    <message>
        <source>Page of rows</source>
        <translation>行的页</translation>
    </message>
    <message>
        <source>Values</source>
        <translation>值</translation>
    </message>
    <message>
        <source>rows {0}, columns {1}</source>
        <translation>行 {0}，列 {1}</translation>
    </message>
</context>
<context>
    <name>ValuesView</name>
    <message>
        <source> or </source>
        <translation> 或 </translation>
    </message>
    <message>
        <source>%1 is no value of the type %2.</source>
        <translation>%1 不是 %2 类型的值。</translation>
    </message>
    <message>
        <source>A block of {0:,} × {1:,} cells does not fit here; begin further up or left.</source>
        <translation>{0:,} × {1:,} 的单元格块在此放不下；请从更上或更左处开始。</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>所有文件</translation>
    </message>
    <message>
        <source>Filling takes at most {0:,} cells; select fewer.</source>
        <translation>最多填充 {0:,} 个单元格；请少选一些。</translation>
    </message>
    <message>
        <source>Go to an index</source>
        <translation>转到索引</translation>
    </message>
    <message>
        <source>Go to index</source>
        <translation>转到索引</translation>
    </message>
    <message>
        <source>Go to index…</source>
        <translation>转到索引…</translation>
    </message>
    <message>
        <source>Pasting takes at most {0:,} cells, and these are {1:,}.</source>
        <translation>最多粘贴 {0:,} 个单元格，而这里有 {1:,} 个。</translation>
    </message>
    <message>
        <source>Row, row and column, or an index on every axis (Ctrl+G)</source>
        <translation>行、行和列，或每个轴上的索引 (Ctrl+G)</translation>
    </message>
    <message>
        <source>The lines to paste have different numbers of cells.</source>
        <translation>要粘贴的各行单元格数不同。</translation>
    </message>
    <message>
        <source>There is nothing to paste.</source>
        <translation>没有可粘贴的内容。</translation>
    </message>
    <message>
        <source>Type {0} as whole numbers, with commas between them.</source>
        <translation>请输入{0}，用整数，以逗号分隔。</translation>
    </message>
    <message>
        <source>Values</source>
        <translation>数值</translation>
    </message>
    <message>
        <source>compared</source>
        <translation>被比较</translation>
    </message>
    <message>
        <source>original</source>
        <translation>原值</translation>
    </message>
    <message>
        <source>row</source>
        <translation>行</translation>
    </message>
    <message>
        <source>row, column</source>
        <translation>行、列</translation>
    </message>
    <message>
        <source>staged</source>
        <translation>暂存</translation>
    </message>
    <message>
        <source>{0:,} is outside of axis {1}, which has {2:,} elements.</source>
        <translation>{0:,} 超出轴 {1}，该轴有 {2:,} 个元素。</translation>
    </message>
    <message>
        <source>{0} indices</source>
        <translation>{0} 个索引</translation>
    </message>
</context>
<context>
    <name>VariableTable</name>
    <message>
        <source>%1 Inf</source>
        <translation>%1 个 Inf</translation>
    </message>
    <message>
        <source>%n variables</source>
        <translation>%n 个变量</translation>
    </message>
    <message>
        <source>Elements that are not a number, or infinite</source>
        <translation>不是数或为无穷大的元素</translation>
    </message>
    <message>
        <source>Frozen</source>
        <translation>冻结</translation>
    </message>
    <message>
        <source>L2 norm: the root of the sum of squares of the finite values</source>
        <translation>L2 范数：有限值平方和的平方根</translation>
    </message>
    <message>
        <source>Mean</source>
        <translation>均值</translation>
    </message>
    <message>
        <source>Mean of the finite values</source>
        <translation>有限值的均值</translation>
    </message>
    <message>
        <source>Metadata</source>
        <translation>元数据</translation>
    </message>
    <message>
        <source>Metrics</source>
        <translation>指标</translation>
    </message>
    <message>
        <source>NaN</source>
        <translation>NaN</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Norm</source>
        <translation>范数</translation>
    </message>
    <message>
        <source>Optimizer and counters</source>
        <translation>优化器与计数器</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>Standard deviation of the finite values</source>
        <translation>有限值的标准差</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Std</source>
        <translation>标准差</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>collapsed</source>
        <translation>已折叠</translation>
    </message>
    <message>
        <source>expanded</source>
        <translation>已展开</translation>
    </message>
    <message>
        <source>key: %1</source>
        <translation>键：%1</translation>
    </message>
    <message>
        <source>no object path, so its name is shown</source>
        <translation>没有对象路径，因此显示其名称</translation>
    </message>
    <message>
        <source>not finite: %1</source>
        <translation>非有限：%1</translation>
    </message>
    <message>
        <source>object path: %1</source>
        <translation>对象路径：%1</translation>
    </message>
    <message>
        <source>opaque</source>
        <translation>不透明</translation>
    </message>
    <message>
        <source>trainable</source>
        <translation>可训练</translation>
    </message>
    <message>
        <source>● %n inside</source>
        <translation>● 内含 %n</translation>
    </message>
    <message>
        <source>⚠ %n inside</source>
        <translation>⚠ 内含 %n 个</translation>
    </message>
    <message>
        <source>⚠ Inf</source>
        <translation>⚠ Inf</translation>
    </message>
    <message>
        <source>⚠ NaN</source>
        <translation>⚠ NaN</translation>
    </message>
    <message>
        <source>⚠ NaN/Inf</source>
        <translation>⚠ NaN/Inf</translation>
    </message>
    <message>
        <source>⚠ damaged</source>
        <translation>⚠ 已损坏</translation>
    </message>
    <message>
        <source>✎ renamed</source>
        <translation>✎ 已改名</translation>
    </message>
    <message>
        <source>✕ %n inside</source>
        <translation>✕ 内含 %n 个</translation>
    </message>
    <message>
        <source>✕ dropped</source>
        <translation>✕ 已丢弃</translation>
    </message>
    <message>
        <source>❄ frozen</source>
        <translation>❄ 已冻结</translation>
    </message>
    <message>
        <source>❄ partly</source>
        <translation>❄ 部分冻结</translation>
    </message>
</context>
<context>
    <name>VariablesPanel</name>
    <message>
        <source>Reading the variables</source>
        <translation>正在读取变量</translation>
    </message>
    <message>
        <source>Variables</source>
        <translation>变量</translation>
    </message>
</context>
<context>
    <name>Verifying</name>
    <message numerus="yes">
        <source>%n problems</source>
        <translation>
            <numerusform>%n 个问题</numerusform>
        </translation>
    </message>
    <message>
        <source>1 problem</source>
        <translation>1 个问题</translation>
    </message>
    <message>
        <source>Verified %1: %2</source>
        <translation>已校验 %1：%2</translation>
    </message>
    <message>
        <source>Verifying</source>
        <translation>正在校验</translation>
    </message>
</context>
<context>
    <name>Workbench</name>
    <message>
        <source>%1 has staged edits that were not written.</source>
        <translation>%1 有暂存的修改尚未写入。</translation>
    </message>
    <message>
        <source>Changes</source>
        <translation>修改</translation>
    </message>
    <message>
        <source>Checkpoints</source>
        <translation>检查点</translation>
    </message>
    <message>
        <source>Ckpt Studio</source>
        <translation>Ckpt Studio</translation>
    </message>
    <message>
        <source>Cleared away what was left of %1</source>
        <translation>已清理 %1 的残留文件</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>比较</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>详情</translation>
    </message>
    <message>
        <source>Health</source>
        <translation>健康</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Problems</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>运行</translation>
    </message>
    <message>
        <source>Variables</source>
        <translation>变量</translation>
    </message>
</context>
<context>
    <name>WrappedLabel</name>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Select All</source>
        <translation>全选</translation>
    </message>
</context>
<context>
    <name>WriteChoices</name>
    <message>
        <source>&amp;Certify: restore it afterwards and compare every tensor</source>
        <translation>验证(&amp;C)：之后恢复并比较每个张量</translation>
    </message>
    <message>
        <source>&amp;Data files:</source>
        <translation>数据文件(&amp;D)：</translation>
    </message>
    <message>
        <source>&amp;Unchanged data:</source>
        <translation>未改变的数据(&amp;U)：</translation>
    </message>
    <message>
        <source>Another process restores it with TensorFlow, or with the library of the format.</source>
        <translation>另一个进程用 TensorFlow 或该格式的库恢复它。</translation>
    </message>
    <message>
        <source>As few as can be</source>
        <translation>尽可能少</translation>
    </message>
    <message>
        <source>As they are in the original</source>
        <translation>与原检查点相同</translation>
    </message>
    <message>
        <source>Certify it afterwards</source>
        <translation>之后验证</translation>
    </message>
    <message>
        <source>Compact: write everything anew into one file</source>
        <translation>紧凑：全部重写到一个文件</translation>
    </message>
    <message>
        <source>Copy (shared by the file system where it can)</source>
        <translation>复制（文件系统支持时共享）</translation>
    </message>
    <message>
        <source>Data files</source>
        <translation>数据文件</translation>
    </message>
    <message>
        <source>Data that does not change</source>
        <translation>不改变的数据</translation>
    </message>
    <message>
        <source>Fo&amp;rmat:</source>
        <translation>格式(&amp;R)：</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>格式</translation>
    </message>
    <message>
        <source>Full names</source>
        <translation>全名</translation>
    </message>
    <message>
        <source>Full names, with an object graph (tf.train.Checkpoint)</source>
        <translation>完整名称，带对象图 (tf.train.Checkpoint)</translation>
    </message>
    <message>
        <source>How</source>
        <translation>方式</translation>
    </message>
    <message>
        <source>Link to the original&apos;s data files</source>
        <translation>链接到原检查点的数据文件</translation>
    </message>
    <message>
        <source>Nam&amp;es:</source>
        <translation>名称(&amp;E)：</translation>
    </message>
    <message>
        <source>Names &amp;like:</source>
        <translation>名称仿照(&amp;L)：</translation>
    </message>
    <message>
        <source>Names like those of</source>
        <translation>名称仿照</translation>
    </message>
    <message>
        <source>Names of the variables</source>
        <translation>变量的名称</translation>
    </message>
    <message>
        <source>No room and no time for unchanged data files: both checkpoints are names for the same bytes. A program that overwrites one in place changes the other.</source>
        <translation>未改变的数据文件不占空间也不费时间：两个检查点指向同样的字节。就地覆盖其中一个的程序会改变另一个。</translation>
    </message>
    <message>
        <source>Of at most {0} each, all written anew</source>
        <translation>每个最多 {0}，全部重写</translation>
    </message>
    <message>
        <source>Takes the longest, and gives one data file without gaps.</source>
        <translation>耗时最长，得到一个没有空隙的数据文件。</translation>
    </message>
    <message>
        <source>The new checkpoint stands on its own.</source>
        <translation>新检查点独立存在。</translation>
    </message>
    <message>
        <source>another checkpoint of the same model</source>
        <translation>同一模型的另一个检查点</translation>
    </message>
</context>
<context>
    <name>WriteDialog</name>
    <message>
        <source>&amp;Beside the original</source>
        <translation>在原检查点旁(&amp;B)</translation>
    </message>
    <message>
        <source>&amp;Folder:</source>
        <translation>文件夹(&amp;F)：</translation>
    </message>
    <message>
        <source>&amp;Write</source>
        <translation>写入(&amp;W)</translation>
    </message>
    <message>
        <source>&amp;Yes, add it to that folder</source>
        <translation>是，添加到该文件夹(&amp;Y)</translation>
    </message>
    <message>
        <source>A file is added to {0}. Nothing else in the folder changes.</source>
        <translation>向 {0} 添加一个文件。文件夹中的其他内容不变。</translation>
    </message>
    <message>
        <source>A line is added to the file “checkpoint” in {0}, and programs that look for the newest checkpoint there will find the new one. Nothing else in the folder changes.</source>
        <translation>将在 {0} 中的“checkpoint”文件里添加一行，在该处查找最新检查点的程序会找到新的检查点。文件夹中的其他内容不变。</translation>
    </message>
    <message>
        <source>Beside the original</source>
        <translation>在原检查点旁</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>In a &amp;new folder</source>
        <translation>在新文件夹中(&amp;N)</translation>
    </message>
    <message>
        <source>In a new folder</source>
        <translation>在新文件夹中</translation>
    </message>
    <message>
        <source>It could not be certified: {0}</source>
        <translation>无法验证：{0}</translation>
    </message>
    <message>
        <source>N&amp;ame:</source>
        <translation>名称(&amp;A)：</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Progress of the write</source>
        <translation>写入进度</translation>
    </message>
    <message>
        <source>Rep&amp;lace what is there</source>
        <translation>替换已有的(&amp;L)</translation>
    </message>
    <message>
        <source>Replace the checkpoint that is there</source>
        <translation>替换已有的检查点</translation>
    </message>
    <message>
        <source>The folder has checkpoints already: a line is added to its file “checkpoint”.</source>
        <translation>该文件夹中已有检查点：将在其“checkpoint”文件中添加一行。</translation>
    </message>
    <message>
        <source>The write was stopped; nothing was left behind.</source>
        <translation>写入已停止；没有留下任何文件。</translation>
    </message>
    <message>
        <source>This is the original&apos;s own folder; say “Beside the original” to write there.</source>
        <translation>这是原检查点所在的文件夹；要写入此处，请选择“在原检查点旁”。</translation>
    </message>
    <message>
        <source>Where</source>
        <translation>位置</translation>
    </message>
    <message>
        <source>Write a new checkpoint</source>
        <translation>写入新的检查点</translation>
    </message>
    <message>
        <source>Write the new checkpoint</source>
        <translation>写入新的检查点</translation>
    </message>
    <message>
        <source>Write the staged edits first; what is written can then be laid out like another.</source>
        <translation>请先写出暂存的编辑;写出的结果之后可以仿照另一个检查点排布。</translation>
    </message>
    <message>
        <source>Writing</source>
        <translation>正在写入</translation>
    </message>
    <message>
        <source>Written: {0} ({1} written, {2} shared).</source>
        <translation>已写入：{0}（写入 {1}，共享 {2}）。</translation>
    </message>
    <message>
        <source>Yes, add it to the original&apos;s folder</source>
        <translation>是，添加到原检查点的文件夹</translation>
    </message>
</context>
<context>
    <name>WriteOutlook</name>
    <message>
        <source>Edits that are kept beside it as a patch: {0}.</source>
        <translation>作为补丁保存在旁边的编辑：{0}。</translation>
    </message>
    <message>
        <source>Looking …</source>
        <translation>正在查看…</translation>
    </message>
    <message>
        <source>Takes about {0}.</source>
        <translation>大约需要 {0}。</translation>
    </message>
    <message>
        <source>The .meta goes along; its trainable variables and update operations follow the frozen marks.</source>
        <translation>.meta 一并带上；其可训练变量和更新操作按冻结标记调整。</translation>
    </message>
    <message>
        <source>There is no .meta file to carry along; frozen marks go into the patch.</source>
        <translation>没有可带上的 .meta 文件；冻结标记写入补丁。</translation>
    </message>
    <message>
        <source>Variables with other values: {0} of {1}. Frozen: {2}.</source>
        <translation>值有改变的变量：{0} / {1}。冻结：{2}。</translation>
    </message>
    <message>
        <source>What cannot be kept</source>
        <translation>无法保留的内容</translation>
    </message>
    <message>
        <source>What cannot be kept in this format:</source>
        <translation>此格式中无法保留的内容：</translation>
    </message>
    <message>
        <source>What fits</source>
        <translation>相符的内容</translation>
    </message>
    <message>
        <source>What fits: {0} variables take the values.</source>
        <translation>相符:{0} 个变量取得这些值。</translation>
    </message>
    <message>
        <source>What is shared is not read meanwhile; Verify or Certify does that.</source>
        <translation>共享的内容此时不读取；校验或验证时会读取。</translation>
    </message>
    <message>
        <source>What will happen</source>
        <translation>将会发生什么</translation>
    </message>
    <message>
        <source>Writes {0}, shares {1} with the original; {2} are free.</source>
        <translation>写入 {0}，与原检查点共享 {1}；剩余 {2}。</translation>
    </message>
    <message>
        <source>and {0} more</source>
        <translation>以及另外 {0} 个</translation>
    </message>
</context>
<context>
    <name>_Index</name>
    <message>
        <source>Axis {0}</source>
        <translation>轴 {0}</translation>
    </message>
    <message>
        <source>Index on axis {0}</source>
        <translation>轴 {0} 上的索引</translation>
    </message>
</context>
</TS>
