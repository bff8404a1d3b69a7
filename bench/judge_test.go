package bench

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/bench/machine"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// run returns a sample with these floors around it.
func run(value, before, after float64) sample {
	return sample{Value: value, Before: before, After: after, Messages: int64(value), Seconds: 1, CPU: []float64{100, 100}}
}

func TestRunsWhoseFloorsDisagreeAreDropped(t *testing.T) {
	counted, dropped, noisy := judge([]sample{run(10, 100, 110), run(20, 100, 400), run(30, 100, 125), run(40, 300, 100)})
	if len(counted) != 2 || counted[0].Value != 10 || counted[1].Value != 30 || dropped != 2 || !noisy {
		t.Errorf("counted %v, dropped %d, noisy %t", counted, dropped, noisy)
	}
}

func TestAllRunsCountWhereNoneIsGood(t *testing.T) {
	counted, dropped, noisy := judge([]sample{run(10, 100, 200), run(20, 200, 100)})
	if len(counted) != 2 || dropped != 0 || !noisy {
		t.Errorf("counted %v, dropped %d, noisy %t", counted, dropped, noisy)
	}
}

func TestAQuietMachineIsNotNoisy(t *testing.T) {
	if _, dropped, noisy := judge([]sample{run(1, 100, 100), run(1, 100, 105)}); dropped != 0 || noisy {
		t.Errorf("dropped %d, noisy %t", dropped, noisy)
	}
}

func TestAMachineThatChangesBetweenRunsIsNoisy(t *testing.T) {
	if _, dropped, noisy := judge([]sample{run(1, 100, 100), run(1, 400, 400)}); dropped != 0 || !noisy {
		t.Errorf("dropped %d, noisy %t", dropped, noisy)
	}
}

func TestAnOutcomeHasMediansOfItsRuns(t *testing.T) {
	p := plan{Options: Options{Runs: 3, Size: 10}, Parts: pair(partSource, partSink), Floor: floorOnce}
	o, err := p.outcome([]sample{run(40, 100, 100), run(10, 100, 100), run(30, 50, 50)})
	if err != nil {
		t.Fatal(err)
	}
	r := o.Result
	if *r.MsgsPerSec != (Spread{Min: 10, Median: 30, Max: 40}) || r.Ratio != 0.4 || r.BytesPerSec != 300 || r.Runs != 3 || r.Partial {
		t.Errorf("the outcome is %+v with rates %+v", r, *r.MsgsPerSec)
	}
	if o, _ = p.outcome([]sample{run(40, 100, 100)}); !o.Result.Partial {
		t.Error("one run of three is not partial")
	}
}

func TestATallyFindsEveryKindOfDamage(t *testing.T) {
	for what, numbers := range map[string][]uint64{
		"a gap":              {number(0, 0), number(0, 2)},
		"a repetition":       {number(0, 0), number(0, 0)},
		"a wrong beginning":  {number(0, 1)},
		"an unknown sender":  {number(7, 0)},
		"one behind another": {number(0, 0), number(0, 1), number(0, 0)},
	} {
		var tally tally
		tally.reset(&plan{Parts: pair(partSource, partSink)}, 1)
		var err error
		for _, n := range numbers {
			if err == nil {
				err = tally.take(n, true)
			}
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", what, err)
		}
	}
	var tally tally
	tally.reset(&plan{Parts: pair(partSource, partSink)}, 1)
	if err := tally.take(number(0, 0), false); !errors.Is(err, ErrDamaged) {
		t.Errorf("a changed payload: %v, want ErrDamaged", err)
	}
}

func TestATallyEndsWithItsLastSender(t *testing.T) {
	var tally tally
	tally.reset(&plan{Parts: gather(3)}, 2)
	for i, c := range []struct {
		number uint64
		want   error
	}{
		{number(1, 0), nil}, {number(2, 0), nil}, {number(1, endCount), nil}, {number(2, 1), nil}, {number(2, endCount), worker.Stop},
	} {
		if err := tally.take(c.number, true); err != c.want {
			t.Fatalf("step %d: %v, want %v", i, err, c.want)
		}
	}
	if tally.count != 3 || tally.end == 0 {
		t.Errorf("%d messages, the end at %d", tally.count, tally.end)
	}
}

func TestAStampIsReadBackAtEverySize(t *testing.T) {
	for _, size := range []int{8, 15, 16, 100, 4096, 5000} {
		payload := make([]byte, size)
		stamp(payload, number(3, 77))
		if n, intact := read(payload); n != number(3, 77) || !intact {
			t.Errorf("%d bytes: number %#x, intact %t", size, n, intact)
		}
		if size < 16 {
			continue
		}
		payload[size-1]++
		if _, intact := read(payload); intact {
			t.Errorf("%d bytes: a changed byte is not noticed", size)
		}
	}
	if _, intact := read(nil); intact {
		t.Error("an empty payload is intact")
	}
}

func TestEveryRingOfAFlowHasItsNumber(t *testing.T) {
	for _, parts := range [][]part{pair(partPing, partRelay), gather(4), spreadOut(4), chain(4), pairs(4, 6)} {
		p := plan{Parts: parts}
		seen := map[int]bool{}
		for i, part := range parts {
			for _, out := range part.Outs {
				n := p.ring(i, out)
				if n < 0 || n >= p.rings() || seen[n] {
					t.Errorf("ring %d → %d of %+v is number %d", i, out, parts, n)
				}
				seen[n] = true
				if !slices.Contains(parts[out].Ins, i) {
					t.Errorf("%d sends to %d, which does not know", i, out)
				}
			}
		}
	}
}

func TestTroublesBecomeTheirErrors(t *testing.T) {
	for _, c := range []struct {
		trouble trouble
		want    error
	}{{trouble{Text: "x", Damaged: true}, ErrDamaged}, {trouble{Text: "x", Stalled: true}, ErrStalled}} {
		if err := c.trouble.err(); !errors.Is(err, c.want) || !strings.Contains(err.Error(), "x") {
			t.Errorf("%+v becomes %v", c.trouble, err)
		}
	}
}

func TestTheTableShowsWhatMatters(t *testing.T) {
	var text strings.Builder
	table := NewTable(&text, &machine.Machine{Model: "Example CPU"})
	calls := 2.5
	table.Add(Result{
		Scenario: "stream", API: APITyped, Codec: CodecFixed, Size: 32, Wait: "adaptive", Workers: 2, Cores: []int{0, 1}, Runs: 4, Dropped: 1,
		MsgsPerSec: &Spread{Min: 1e6, Median: 2.5e6, Max: 3e6}, BytesPerSec: 80e6, Floor: &Floor{Name: floorOnce, Value: 1e7, Unit: "msgs/s"},
		Ratio: 0.25, SyscallsPerMillion: &calls, CPUPercent: []float64{99, 87}, Noisy: true, Partial: true,
	})
	table.Add(Result{Scenario: "compare", Peer: "nobody", Absent: "not installed"})
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Example CPU", "typed fixed 32 B adaptive", "2.50 M/s", "10 M/s", "0.25", "PARTIAL: 4 runs", "1 dropped", "99 + 87 %",
		"2.50 system calls per million", "noisy in 1 of 2", "absent: not installed", "76.3 MiB/s",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, text.String())
		}
	}
}

func TestBenchstatHasALineForEachRun(t *testing.T) {
	var text strings.Builder
	b := NewBenchstat(&text, &machine.Machine{Model: "Example CPU"})
	b.Add(Outcome{
		Result: Result{Scenario: "rtt", API: APILane, Size: 32, Messages: 20, Floor: &Floor{Unit: "ns"}},
		Values: []float64{100, 120}, Ratios: []float64{1, 1.2},
	})
	b.Add(Outcome{
		Result: Result{Scenario: "stream", Size: 32, Messages: 10, Floor: &Floor{Unit: "msgs/s"}, MsgsPerSec: &Spread{}},
		Values: []float64{1e7}, Ratios: []float64{0.5},
	})
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"cpu: Example CPU\n",
		"BenchmarkRtt/api=lane/size=32 10 100 ns/op 1 floor-ratio\n", "BenchmarkRtt/api=lane/size=32 10 120 ns/op 1.2 floor-ratio\n",
		"BenchmarkStream/size=32 10 100 ns/op 0.5 floor-ratio 320 MB/s\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the lines have no %q:\n%s", want, text.String())
		}
	}
}

func TestQuantitiesComeInHandySizes(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{75, "ns", "75 ns"}, {1500, "ns", "1.50 µs"}, {12_345_678, "ns", "12.3 ms"}, {2e9, "ns", "2 s"},
		{999.7, "ns", "1.00 µs"}, {12, "msgs/s", "12 /s"}, {123_456, "msgs/s", "123 k/s"}, {98.76e6, "msgs/s", "98.8 M/s"},
	} {
		if got := Quantity(c.value, c.unit); got != c.want {
			t.Errorf("%v %s is shown as %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}
