package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// result has the fields of ringmaster's benchmark results that apply to a peer,
// under the same names. Fields that do not apply are absent from its JSON form.
type result struct {
	Scenario string `json:"scenario"`
	Peer     string `json:"peer"`
	Version  string `json:"version,omitempty"`
	Options  string `json:"options,omitempty"`

	Size  int   `json:"size"`
	Cores []int `json:"cores"` // of the client and the server

	Runs     int     `json:"runs"`
	Messages int64   `json:"messages"`
	Seconds  float64 `json:"seconds"` // of measuring, all runs together

	MsgsPerSec  *spread      `json:"msgs_per_sec,omitempty"`
	BytesPerSec float64      `json:"bytes_per_sec,omitempty"`
	Nanos       *percentiles `json:"ns,omitempty"`

	CPUPercent       []float64 `json:"cpu_percent,omitempty"`        // of the client and the server
	AllocsPerMessage float64   `json:"allocs_per_message,omitempty"` // on the Go heaps of both
	Noisy            bool      `json:"noisy"`

	// Histogram has the round trips of all runs, as HdrHistogram encodes them.
	Histogram []byte `json:"histogram,omitempty"`
}

// spread is a figure over the runs.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// percentiles are nanoseconds.
type percentiles struct {
	Min  float64 `json:"min"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// sample is what the client of one run measured.
type sample struct {
	Messages int64
	Elapsed  time.Duration
	Latency  []byte   // round trips in nanoseconds, an encoded histogram
	Usage    [2]usage // of the client and the server
}

// noisyFactor is how far the fastest run may be ahead of the slowest before the
// machine is called noisy.
const noisyFactor = 1.5

// summarize makes one result of the runs' samples: totals, and medians of what
// differs from run to run.
func (r *result) summarize(samples []sample) error {
	var rates []float64
	var allocs uint64
	var elapsed time.Duration
	r.Runs = len(samples)
	for _, s := range samples {
		r.Messages += s.Messages
		elapsed += s.Elapsed
		allocs += s.Usage[0].Mallocs + s.Usage[1].Mallocs
		rates = append(rates, float64(s.Messages)/s.Elapsed.Seconds())
	}
	r.Seconds = elapsed.Seconds()
	r.AllocsPerMessage = float64(allocs) / float64(r.Messages)
	for end := range 2 {
		r.CPUPercent = append(r.CPUPercent, medianOf(samples, func(s sample) float64 { return s.Usage[end].percent() }))
	}
	r.MsgsPerSec = &spread{Min: slices.Min(rates), Median: median(rates), Max: slices.Max(rates)}
	r.Noisy = r.MsgsPerSec.Max > noisyFactor*r.MsgsPerSec.Min
	if samples[0].Latency != nil {
		return r.summarizeLatency(samples)
	}
	r.BytesPerSec = r.MsgsPerSec.Median * float64(r.Size)
	return nil
}

// summarizeLatency makes one histogram of the runs', and takes the medians over
// the runs of its percentiles.
func (r *result) summarizeLatency(samples []sample) error {
	all, perRun := newHistogram(), []*hdrhistogram.Histogram{}
	for _, s := range samples {
		h, err := hdrhistogram.Decode(s.Latency)
		if err != nil {
			return fmt.Errorf("%w: the client's histogram: %w", errProcess, err)
		}
		all.Merge(h)
		perRun = append(perRun, h)
	}
	at := func(q float64) float64 {
		var values []float64
		for _, h := range perRun {
			values = append(values, float64(h.ValueAtQuantile(q)))
		}
		return median(values)
	}
	r.Nanos = &percentiles{Min: float64(all.Min()), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(all.Max())}
	var err error
	r.Histogram, err = encode(all)
	return err
}

// Bounds of what a histogram of round trips tells apart: up to 100 s, to three
// digits.
const (
	histogramMax    = int64(100 * time.Second)
	histogramDigits = 3
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, histogramMax, histogramDigits)
}

func encode(h *hdrhistogram.Histogram) ([]byte, error) {
	return h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

func medianOf(samples []sample, of func(sample) float64) float64 {
	var values []float64
	for _, s := range samples {
		values = append(values, of(s))
	}
	return median(values)
}

// median returns the middle value, of an even number the mean of the middle two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
