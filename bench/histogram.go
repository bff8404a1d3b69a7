package bench

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies are kept in nanoseconds, up to a minute, to a tenth of a percent.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Minute.Nanoseconds(), 3)
}

func encodeHistogram(h *hdrhistogram.Histogram) ([]byte, error) {
	return h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

func decodeHistogram(data []byte) (*hdrhistogram.Histogram, error) {
	h, err := hdrhistogram.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("bench: a histogram from a measured process: %w", err)
	}
	return h, nil
}

// median returns the 50th percentile.
func median(h *hdrhistogram.Histogram) float64 { return float64(h.ValueAtQuantile(50)) }

// percentiles returns what results show of a histogram, nil if it is empty.
func percentiles(h *hdrhistogram.Histogram) *Percentiles {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) }
	return &Percentiles{Min: float64(h.Min()), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max())}
}
