package report

import (
	"math"

	"gonum.org/v1/plot"
)

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

// labelled are the ticks of another ticker with labels of their own.
type labelled struct {
	plot.Ticker
	text func(float64) string
}

// Ticks implements plot.Ticker.
func (l labelled) Ticks(least, most float64) []plot.Tick {
	ticks := l.Ticker.Ticks(least, most)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = l.text(ticks[i].Value)
		}
	}
	return ticks
}

// powers are ticks at the powers of a number.
type powers struct {
	base float64
	text func(float64) string
}

// Ticks implements plot.Ticker.
func (p powers) Ticks(least, most float64) (ticks []plot.Tick) {
	first := math.Ceil(math.Log(least)/math.Log(p.base) - 1e-9)
	for v := math.Pow(p.base, first); v <= most*(1+1e-9); v *= p.base {
		ticks = append(ticks, plot.Tick{Value: v, Label: p.text(v)})
	}
	return ticks
}
