package bench

import (
	"slices"
)

// agreement is how many times as large one floor may be as the other for the run
// between them to count.
const agreement = 1.25

// agrees reports whether the machine was in one state from the floor before the
// run to the one after it, as far as the two can tell.
func (s sample) agrees() bool {
	return max(s.Before, s.After) <= agreement*min(s.Before, s.After)
}

// floor returns the floor of a run.
func (s sample) floor() float64 { return (s.Before + s.After) / 2 }

// judge picks the runs that count: those whose floors agree, and all of them
// where none does. At least one in four that do not agree make a noisy machine.
func judge(samples []sample) (counted []sample, dropped int, noisy bool) {
	for _, s := range samples {
		if s.agrees() {
			counted = append(counted, s)
		}
	}
	dropped = len(samples) - len(counted)
	noisy = 4*dropped >= len(samples) && dropped > 0
	if len(counted) == 0 {
		return samples, 0, noisy
	}
	return counted, dropped, noisy || spread(floors(counted)) > agreement
}

func floors(samples []sample) []float64 {
	var list []float64
	for _, s := range samples {
		list = append(list, s.floor())
	}
	return list
}

// spread returns how many times the largest is the smallest.
func spread(values []float64) float64 { return slices.Max(values) / slices.Min(values) }

// middle returns the median.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// spreadOf returns minimum, median and maximum.
func spreadOf(values []float64) *Spread {
	return &Spread{Min: slices.Min(values), Median: middle(values), Max: slices.Max(values)}
}

// outcome makes the result of a measurement from its runs; there is at least
// one.
func (p *plan) outcome(samples []sample) (Outcome, error) {
	counted, dropped, noisy := judge(samples)
	o := p.Options
	r := Result{
		API: o.API, Codec: o.Codec, Wait: o.Wait, Size: o.Size, Batch: o.Batch, Workers: len(p.Parts), Cores: o.Cores,
		Runs: len(counted), Dropped: dropped, Noisy: noisy,
		Partial: len(counted) < o.Runs && len(samples) < attemptsPer*o.Runs,
	}
	var rates []float64
	var out Outcome
	latency := newHistogram()
	for _, s := range counted {
		rates = append(rates, float64(s.Messages)/s.Seconds)
		out.Values = append(out.Values, s.Value)
		out.Ratios = append(out.Ratios, s.Value/s.floor())
		r.Messages += s.Messages
		r.Seconds += s.Seconds
		if s.Histogram != nil {
			h, err := decodeHistogram(s.Histogram)
			if err != nil {
				return Outcome{}, err
			}
			latency.Merge(h)
		}
	}
	if p.Parts[0].Kind != partPing {
		r.MsgsPerSec = spreadOf(rates)
		r.BytesPerSec = r.MsgsPerSec.Median * float64(o.Size)
	}
	r.Floor = &Floor{Name: p.Floor, Value: middle(floors(counted)), Unit: floorUnit(p.Floor)}
	r.Ratio = middle(out.Ratios)
	p.addCosts(&r, counted)
	if r.Nanos = percentiles(latency); r.Nanos != nil {
		out.Latency = latency
	}
	out.Result = r
	return out, nil
}

// addCosts adds what a message cost besides time.
func (p *plan) addCosts(r *Result, samples []sample) {
	var mallocs, calls uint64
	for i := range p.Parts {
		var percents []float64
		for _, s := range samples {
			percents = append(percents, s.CPU[i])
		}
		r.CPUPercent = append(r.CPUPercent, middle(percents))
	}
	for _, s := range samples {
		mallocs += s.Mallocs
		calls += s.Calls
	}
	if r.Messages == 0 {
		return
	}
	perMillion := float64(calls) / float64(r.Messages) * 1e6
	r.SyscallsPerMillion = &perMillion
	if !p.Garbage {
		perMessage := float64(mallocs) / float64(r.Messages)
		r.AllocsPerMessage = &perMessage
	}
}
