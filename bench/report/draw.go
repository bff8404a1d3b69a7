package report

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/ringmaster-ipc/ringmaster/bench"
)

// drawing is one plot, ready for the page.
type drawing struct {
	Title string
	SVG   template.HTML
}

// curve is one line in a plot.
type curve struct {
	name   string
	points plotter.XYs
}

// sketch is a plot to be drawn.
type sketch struct {
	title, x, y    string
	xTicks, yTicks plot.Ticker
	fromZero       bool // the y axis is linear; otherwise logarithmic, as x always is
	curves         []curve
}

// drawAll returns the drawings that the outcomes have something for.
func drawAll(outcomes []bench.Outcome) ([]drawing, error) {
	rate := func(v float64) string { return bench.Quantity(v, "msgs/s") }
	var drawings []drawing
	for _, s := range []sketch{
		{
			title: "Latencies by percentile", x: "percentile", xTicks: percentileTicks{},
			y: "latency", yTicks: labelled{plot.LogTicks{Prec: -1}, func(v float64) string { return bench.Quantity(v, "ns") }},
			curves: percentileCurves(outcomes),
		},
		{
			title: "Throughput by size", x: "size of a message", xTicks: powers{4, bench.Bytes},
			y: "throughput", yTicks: powers{2, func(v float64) string { return bench.Bytes(v) + "/s" }},
			curves: sizeCurves(outcomes),
		},
		{
			title: "Throughput by number of workers", x: "workers", xTicks: powers{2, func(v float64) string { return fmt.Sprint(v) }},
			y: "messages, all together", yTicks: labelled{plot.DefaultTicks{}, rate}, fromZero: true,
			curves: scaleCurves(outcomes),
		},
	} {
		if len(s.curves) == 0 {
			continue
		}
		svg, err := s.draw()
		if err != nil {
			return nil, fmt.Errorf("report: draw %q: %w", s.title, err)
		}
		drawings = append(drawings, drawing{s.title, svg})
	}
	return drawings, nil
}

// Size of a drawing.
const (
	width  = 26 * vg.Centimeter
	height = 13 * vg.Centimeter
)

// legendLines is how many lines of a legend a tenth of the height has room for.
const legendLines = 2

// draw returns a plot with curves as an SVG element.
func (s *sketch) draw() (template.HTML, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = s.x, s.y
	p.X.Scale, p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogScale{}, s.xTicks, s.yTicks
	if !s.fromZero {
		p.Y.Scale = plot.LogScale{}
	}
	p.Add(plotter.NewGrid())
	p.Legend.Top, p.Legend.Left = true, true
	for i, c := range s.curves {
		line, err := plotter.NewLine(c.points)
		if err != nil {
			return "", err
		}
		line.Color, line.Dashes, line.Width = plotutil.Color(i), plotutil.Dashes(i/7), vg.Points(1.4)
		p.Add(line)
		p.Legend.Add(c.name, line)
	}
	widen(&p.X)
	widen(&p.Y)
	// Room for the legend above the curves.
	tenths := float64((len(s.curves) + legendLines - 1) / legendLines)
	if s.fromZero {
		p.Y.Min, p.Y.Max = 0, p.Y.Max*(1+tenths/10)
	} else {
		p.Y.Max *= math.Pow(p.Y.Max/p.Y.Min, tenths/10)
	}
	canvas := vgsvg.New(width, height)
	p.Draw(draw.New(canvas))
	var buffer bytes.Buffer
	if _, err := canvas.WriteTo(&buffer); err != nil {
		return "", err
	}
	svg := buffer.Bytes()
	start := bytes.Index(svg, []byte("<svg")) // behind the XML declaration, which is not for a page
	if start < 0 {
		return "", fmt.Errorf("no <svg> in %d bytes", len(svg))
	}
	// The text in it is ours: names of scenarios and units.
	return template.HTML(svg[start:]), nil
}

// widen makes room on an axis with a single value, which cannot be drawn.
func widen(axis *plot.Axis) {
	if axis.Min == axis.Max {
		axis.Min, axis.Max = axis.Min/2, axis.Max*2
	}
}

// fewLatencies are too few for a curve.
const fewLatencies = 100

// percentileCurves returns a curve for each set of latencies. Its x is how many
// messages there are for one that takes longer: 10 at the 90th percentile, 100
// at the 99th.
func percentileCurves(outcomes []bench.Outcome) (curves []curve) {
	for _, o := range outcomes {
		if o.Latency == nil || o.Latency.TotalCount() < fewLatencies {
			continue
		}
		c := curve{name: name(o.Result)}
		for x := 1.0; x <= math.Max(float64(o.Latency.TotalCount()), 10); x *= 1.25 {
			c.points = append(c.points, plotter.XY{X: x, Y: atTail(o.Latency, x)})
		}
		curves = append(curves, c)
	}
	return curves
}

func atTail(h *hdrhistogram.Histogram, x float64) float64 {
	return math.Max(float64(h.ValueAtQuantile(100*(1-1/x))), 1)
}

// sizeCurves returns a curve of bytes per second for each way of streaming that
// was measured at more than one size.
func sizeCurves(outcomes []bench.Outcome) []curve {
	return gather(outcomes, func(r bench.Result) (string, float64, float64) {
		if r.Scenario != "stream" || r.MsgsPerSec == nil || r.Size == 0 {
			return "", 0, 0
		}
		name := fmt.Sprintf("%s %s %s", r.Peer, r.API, r.Codec)
		if r.Batch > 1 {
			name += fmt.Sprintf(" in %ds", r.Batch)
		}
		return name, float64(r.Size), r.BytesPerSec
	})
}

// scaleCurves returns the curve of throughput by workers.
func scaleCurves(outcomes []bench.Outcome) []curve {
	return gather(outcomes, func(r bench.Result) (string, float64, float64) {
		if r.Scenario != "scale" || r.MsgsPerSec == nil || r.Options != "" {
			return "", 0, 0
		}
		return r.API + " " + r.Codec, float64(r.Workers), r.MsgsPerSec.Median
	})
}

// gather makes curves of the results that of names, with two points at least.
func gather(outcomes []bench.Outcome, of func(bench.Result) (name string, x, y float64)) (curves []curve) {
	for _, o := range outcomes {
		name, x, y := of(o.Result)
		if name == "" || y <= 0 {
			continue
		}
		i := slices.IndexFunc(curves, func(c curve) bool { return c.name == name })
		if i < 0 {
			curves, i = append(curves, curve{name: name}), len(curves)
		}
		curves[i].points = append(curves[i].points, plotter.XY{X: x, Y: y})
	}
	for _, c := range curves {
		slices.SortFunc(c.points, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	}
	return slices.DeleteFunc(curves, func(c curve) bool { return len(c.points) < 2 })
}

func name(r bench.Result) string {
	if r.Peer != "" {
		return r.Scenario + " " + r.Peer
	}
	return r.Scenario + " " + r.How()
}
