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

// drawAll returns the drawings that the outcomes have something for.
func drawAll(outcomes []bench.Outcome) ([]drawing, error) {
	var drawings []drawing
	for _, d := range []struct {
		title, x, y string
		logX, logY  bool
		ticks       plot.Ticker
		curves      []curve
	}{
		{"Latencies by percentile", "percentile", "nanoseconds", true, true, percentileTicks{}, percentileCurves(outcomes)},
		{"Throughput by size", "bytes of a message", "bytes per second", true, true, plot.LogTicks{Prec: -1}, sizeCurves(outcomes)},
		{"Throughput by number of workers", "workers", "messages per second, all together", true, false, plot.LogTicks{Prec: -1}, scaleCurves(outcomes)},
	} {
		if len(d.curves) == 0 {
			continue
		}
		p := plot.New()
		p.X.Label.Text, p.Y.Label.Text = d.x, d.y
		if d.logX {
			p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, d.ticks
		}
		if d.logY {
			p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		} else {
			p.Y.Min = 0
		}
		svg, err := drawCurves(p, d.curves)
		if err != nil {
			return nil, fmt.Errorf("report: draw %q: %w", d.title, err)
		}
		drawings = append(drawings, drawing{d.title, svg})
	}
	return drawings, nil
}

// Size of a drawing.
const (
	width  = 26 * vg.Centimeter
	height = 13 * vg.Centimeter
)

// drawCurves returns a plot with curves as an SVG element.
func drawCurves(p *plot.Plot, curves []curve) (template.HTML, error) {
	p.Add(plotter.NewGrid())
	p.Legend.Top, p.Legend.Left = true, true
	for i, c := range curves {
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

// percentileCurves returns a curve for each set of latencies. Its x is how many
// messages there are for one that takes longer: 10 at the 90th percentile, 100
// at the 99th.
func percentileCurves(outcomes []bench.Outcome) (curves []curve) {
	for _, o := range outcomes {
		if o.Latency == nil || o.Latency.TotalCount() == 0 {
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

// percentileTicks labels the axis of percentileCurves.
type percentileTicks struct{}

// Ticks implements plot.Ticker.
func (percentileTicks) Ticks(_, most float64) []plot.Tick {
	ticks := []plot.Tick{{Value: 1, Label: "0"}, {Value: 2, Label: "50"}}
	label := "90"
	for x := 10.0; x <= most; x *= 10 {
		ticks = append(ticks, plot.Tick{Value: x, Label: label})
		if label == "90" {
			label = "99"
		} else if label == "99" {
			label = "99.9"
		} else {
			label += "9"
		}
	}
	return ticks
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
