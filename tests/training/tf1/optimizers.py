"""One small network under each optimizer of old releases, with reference and with resource variables.

Imported by TensorFlow 1.0 to 1.15 only.
"""

import tensorflow as tf

from tests.training.tf1.graphs import (
    BUILDERS,
    CLASSES,
    HIDDEN,
    Made,
    classifier,
    counter,
    data,
    graph,
    layer,
    plain,
    slots_of,
    trained_by,
    weights,
)

train = tf.train
OPTIMIZERS = {
    "sgd": lambda: train.GradientDescentOptimizer(0.1),
    "momentum": lambda: train.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda: train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adam": lambda: train.AdamOptimizer(0.01),
    "rmsprop": lambda: train.RMSPropOptimizer(0.01, momentum=0.5),
    "rmsprop_centered": lambda: train.RMSPropOptimizer(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: train.AdagradOptimizer(0.1),
    "adadelta": lambda: train.AdadeltaOptimizer(1.0, epsilon=1e-3),
    "ftrl": lambda: train.FtrlOptimizer(0.1, l1_regularization_strength=0.001),
    "proximal_sgd": lambda: train.ProximalGradientDescentOptimizer(0.1, l1_regularization_strength=0.001),
    "proximal_adagrad": lambda: train.ProximalAdagradOptimizer(0.1, l1_regularization_strength=0.001),
    "lazy_adam": lambda: tf.contrib.opt.LazyAdamOptimizer(0.01),
    "nadam": lambda: tf.contrib.opt.NadamOptimizer(0.01),
    "power_sign": lambda: tf.contrib.opt.PowerSignOptimizer(0.01),
    "add_sign": lambda: tf.contrib.opt.AddSignOptimizer(0.01),
    "adamax": lambda: tf.contrib.opt.AdaMaxOptimizer(0.01),
    "adamw": lambda: tf.contrib.opt.AdamWOptimizer(0.001, 0.01),
    "lars": lambda: tf.contrib.opt.LARSOptimizer(0.1),
    "shampoo": lambda: tf.contrib.opt.ShampooOptimizer(),
}
AS_RESOURCE = ("sgd", "momentum", "nesterov", "adam", "rmsprop_centered", "adagrad", "adadelta", "ftrl",
               "proximal_sgd", "proximal_adagrad", "nadam", "adamax")  # fmt: skip


def _builder(name, **how):
    return lambda: plain(OPTIMIZERS[name](), **how)


def _decayed():
    """Its decay and its step are in no order, so it is never quite repeatable."""
    made = plain(tf.contrib.opt.AdamWOptimizer(0.001, 0.01))
    made.exact = False
    return made


BUILDERS.update({name: _builder(name) for name in OPTIMIZERS})
BUILDERS["adamw"] = _decayed
BUILDERS.update({name + "_resource": _builder(name, use_resource=True) for name in AS_RESOURCE})


@graph
def adagrad_da():
    x, y, feeds = data()
    loss, step = classifier(x, y), counter()
    optimizer = train.AdagradDAOptimizer(0.1, step)
    return Made(optimizer.minimize(loss, step), feeds, slots=slots_of(optimizer))


@graph
def decayed_rate():
    x, y, feeds = data()
    loss, step = classifier(x, y), counter()
    rate = train.exponential_decay(0.1, step, 3, 0.9, staircase=True)
    optimizer = train.MomentumOptimizer(train.piecewise_constant(step, [4], [rate, 0.01]), 0.9)
    return Made(optimizer.minimize(loss, step), feeds, slots=slots_of(optimizer))


@graph
def fed_rate():
    x, y, feeds = data()
    rate = tf.placeholder(tf.float32, [], "rate")
    loss = classifier(x, y)
    return trained_by(train.AdamOptimizer(rate), loss, dict(feeds, **{"rate:0": 0.01}))


@graph
def clip_by_global_norm():
    x, y, feeds = data()
    loss, step, optimizer = classifier(x, y), counter(), train.AdamOptimizer(0.01)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    clipped, _ = tf.clip_by_global_norm(gradients, 0.5)
    op = optimizer.apply_gradients(zip(clipped, variables), global_step=step)
    return Made(op, feeds, slots=slots_of(optimizer))


@graph
def clip_by_value():
    x, y, feeds = data()
    loss, step, optimizer = classifier(x, y), counter(), train.RMSPropOptimizer(0.01)
    pairs = [(tf.clip_by_value(g, -0.1, 0.1), v) for g, v in optimizer.compute_gradients(loss)]
    return Made(optimizer.apply_gradients(pairs, global_step=step), feeds, slots=slots_of(optimizer))


@graph
def ema():
    """Shadows of all weights, made after the step."""
    x, y, feeds = data()
    loss, step, optimizer = classifier(x, y), counter(), train.AdamOptimizer(0.01)
    stepped = optimizer.minimize(loss, step)
    averages = train.ExponentialMovingAverage(0.9, step)
    with tf.control_dependencies([stepped]):
        op = averages.apply(tf.trainable_variables())
    return Made(op, feeds, slots=slots_of(optimizer))


@graph
def moving_average_optimizer():
    x, y, feeds = data()
    optimizer = tf.contrib.opt.MovingAverageOptimizer(train.MomentumOptimizer(0.1, 0.9))
    op = optimizer.minimize(classifier(x, y), global_step=counter())
    return Made(op, feeds)


@graph
def loss_scale():
    x, y, feeds = data()
    from tensorflow.contrib.mixed_precision import ExponentialUpdateLossScaleManager, LossScaleOptimizer

    manager = ExponentialUpdateLossScaleManager(64.0, 2)
    optimizer = LossScaleOptimizer(train.AdamOptimizer(0.01), manager)
    return Made(optimizer.minimize(classifier(x, y), global_step=counter()), feeds)


@graph
def gan():
    x, _, _ = data()
    z = tf.placeholder(tf.float32, [None, 4], "z")

    def judge(at, reuse=None):
        with tf.variable_scope("judge", reuse=reuse):
            return layer(tf.nn.tanh(layer(at, "a", HIDDEN)), "b", 1)

    with tf.variable_scope("maker"):
        fake = layer(tf.nn.tanh(layer(z, "a", HIDDEN)), "b", int(x.get_shape()[-1]))
    real, made_up = judge(x), judge(fake, reuse=True)
    by_judge = tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(made_up))
    by_maker = tf.reduce_mean(tf.nn.softplus(-made_up))
    ops = []
    for scope, loss, step in (("judge", by_judge, None), ("maker", by_maker, counter())):
        variables = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope + "/")
        optimizer = train.AdamOptimizer(0.01, name="Adam_" + scope)
        ops.append(optimizer.minimize(loss, global_step=step, var_list=variables))
    return Made(ops, {"x:0": "features", "z:0": "noise"})


@graph
def two_optimizers_grouped():
    """Fast and slow parts in one step."""
    x, y, feeds = data()
    loss, step = classifier(x, y), counter()
    fast = train.AdagradOptimizer(0.1).minimize(loss, var_list=tf.trainable_variables()[:2])
    slow = train.AdamOptimizer(0.001).minimize(loss, step, var_list=tf.trainable_variables()[2:])
    return Made(tf.group(fast, slow, name="train"), feeds)


@graph
def gradient_accumulation():
    x, y, feeds = data()
    loss, step, optimizer = classifier(x, y), counter(), train.GradientDescentOptimizer(0.1)
    sums = []
    for gradient, variable in optimizer.compute_gradients(loss):
        name = "sums/" + variable.op.name
        total = tf.get_variable(
            name, variable.get_shape(), initializer=tf.zeros_initializer(), trainable=False
        )
        sums.append((tf.assign_add(total, gradient), total, variable))
    with tf.control_dependencies([one for one, _, _ in sums]):
        turn = tf.equal(tf.mod(tf.identity(step), 2), 1)

    def apply():
        with tf.control_dependencies([optimizer.apply_gradients([(t, v) for _, t, v in sums])]):
            with tf.control_dependencies([tf.assign(t, tf.zeros_like(t)) for _, t, _ in sums]):
                return tf.constant(True)

    done = tf.cond(turn, apply, lambda: tf.constant(False))
    with tf.control_dependencies([done]):
        op = tf.assign_add(step, 1, name="train")
    return Made(op, feeds)


@graph
def momentum_by_hand():
    x, y, feeds = data()
    loss, updates = classifier(x, y), []
    variables = tf.trainable_variables()
    for variable, gradient in zip(variables, tf.tuple(tf.gradients(loss, variables))):
        slot = weights(variable.op.name + "/velocity", *variable.get_shape().as_list(), trainable=False)
        fresh = tf.assign(slot, 0.9 * slot + gradient)
        updates.append(tf.assign_sub(variable, 0.1 * fresh))
    updates.append(tf.assign_add(counter(), 1))
    return Made(tf.group(*updates, name="by_hand"), feeds)


@graph
def towers():
    """Gradients averaged over two towers, as for several cards."""
    x, y, feeds = data()
    optimizer, gradients = train.MomentumOptimizer(0.1, 0.9), []
    for number, (some_x, some_y) in enumerate(zip(tf.split(x, 2), tf.split(y, 2))):
        with tf.device("/cpu:0"), tf.name_scope("tower%d" % number):
            with tf.variable_scope("net", reuse=number > 0):
                gradients.append(optimizer.compute_gradients(classifier(some_x, some_y)))
    pairs = [(tf.add_n([g for g, _ in some]) / 2, some[0][1]) for some in zip(*gradients)]
    op = optimizer.apply_gradients(pairs, global_step=counter())
    return Made(op, feeds, slots=slots_of(optimizer))


@graph
def contrib_optimize_loss():
    x, y, feeds = data()
    loss = classifier(x, y)
    step = counter()
    op = tf.contrib.layers.optimize_loss(loss, step, 0.01, "Adam", clip_gradients=1.0)
    return Made(op.op, feeds)


@graph
def slim_train_op():
    x, y, feeds = data()
    slim = tf.contrib.slim
    hidden = slim.fully_connected(x, HIDDEN, normalizer_fn=slim.batch_norm, scope="hidden")
    logits = slim.fully_connected(hidden, CLASSES, activation_fn=None, scope="out")
    tf.losses.sparse_softmax_cross_entropy(y, logits)
    counter()
    op = slim.learning.create_train_op(tf.losses.get_total_loss(), train.RMSPropOptimizer(0.01))
    return Made(op.op, feeds)
