"""Plots drawn with QPainter on a QWidget: axes, layers over each other, moving, zooming and reading with hand and keys.

pyqtgraph would cost a start twice the time of the whole window, because importing it asks Qt for every name there is;
this costs some milliseconds, and needs numpy only when a layer with arrays is drawn. It must be imported in the GUI
thread.

    plot = Plot(parent)                                # of `plots.plot`
    plot.x_axis.label, plot.y_axis.label = "step", "loss"
    curve = plot.add(Curve(lambda c: c.staged))        # of `plots.layers`; a colour follows light and dark
    curve.set_points(x, y)
    plot.set_bounds(x=(0, 100), y=(0, 3))              # what there is; zooming and moving stay inside of it

A picture of a matrix, rows downwards:

    plot.y_axis.inverted = True
    plot.x_axis.numbers = plot.y_axis.numbers = Numbers.indices  # of `plots.ticks`; marks in the middle of an element
    plot.x_axis.least = plot.y_axis.least = 1                    # no view is smaller than an element
    plot.y_axis.reserve = f"{rows:,}"                       # the picture keeps its size while the numbers change
    plot.set_bounds(x=(0, columns), y=(0, rows))
    picture = plot.add(Picture())
    picture.set_image(image, QRectF(left, top, width, height))
    plot.settled.connect(lambda: read(plot.x_axis.view, plot.y_axis.view, plot.pixels()))
    plot.pointed.connect(lambda at: ...)               # (x, y) or None

`plot.show_part(x=..., y=...)` zooms, `plot.show_all()` shows all; `plot.spot(x, y)` is the pixel of two values,
`plot.frame().at(point)` the values of a pixel. A layer of one's own is a class with `paint(painter, frame)`, where
`frame.across(x)` and `frame.down(y)` are pixels; one whose `over` is True is drawn over the others without drawing
them again. `plot.drag = Drag.choose` (of `plots.hand`) makes a drag choose a box, which `plot.chosen` tells.
`plot.draw(painter)` draws the plot for an export.
"""
