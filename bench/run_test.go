package bench

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench/machine"
)

// smokeLimit bounds one scenario with tiny durations.
const smokeLimit = 30 * time.Second

// smoke runs a scenario for a moment and returns what came out.
func smoke(t *testing.T, name string, o Options) []Outcome {
	t.Helper()
	needCores(t, name, o)
	ctx, cancel := context.WithTimeout(t.Context(), smokeLimit)
	defer cancel()
	if o.Duration == 0 {
		o.Duration = 20 * time.Millisecond
	}
	o.Runs = 1
	var list []Outcome
	if err := Run(ctx, name, o, func(one Outcome) { list = append(list, one) }); err != nil {
		t.Fatalf("%s %+v: %v", name, o, err)
	}
	if len(list) == 0 {
		t.Fatalf("%s %+v: no result", name, o)
	}
	for _, one := range list {
		checkResult(t, one.Result)
	}
	return list
}

// needCores skips what needs two cores where there is one.
func needCores(t *testing.T, name string, o Options) {
	t.Helper()
	m, err := machine.Describe()
	if err != nil {
		t.Skip(err)
	}
	alone := []string{"codec", "spawn", "fanin", "fanout", "pipeline", "queue"}
	if len(m.Allowed) < 2 && !slices.Contains(alone, name) && len(o.Cores) == 0 {
		t.Skipf("%s needs two cores, this process may use %v", name, m.Allowed)
	}
}

// checkResult checks what every result has.
func checkResult(t *testing.T, r Result) {
	t.Helper()
	positive := func(what string, v float64) {
		if !(v > 0) || math.IsInf(v, 0) {
			t.Errorf("%s: %s is %v", r.Scenario, what, v)
		}
	}
	positive("runs", float64(r.Runs))
	positive("seconds", r.Seconds)
	positive("ratio", r.Ratio)
	if r.Floor == nil || r.Floor.Name == "" || r.Floor.Unit == "" {
		t.Fatalf("%s: floor is %+v", r.Scenario, r.Floor)
	}
	positive("floor", r.Floor.Value)
	if len(r.Cores) != r.Workers || r.Workers == 0 {
		t.Errorf("%s: %d cores for %d workers", r.Scenario, len(r.Cores), r.Workers)
	}
	if r.MsgsPerSec == nil && r.Nanos == nil {
		t.Errorf("%s: neither a rate nor a latency", r.Scenario)
	}
	if s := r.MsgsPerSec; s != nil {
		positive("messages", float64(r.Messages))
		positive("rate", s.Min)
		if s.Min > s.Median || s.Median > s.Max {
			t.Errorf("%s: rates %+v are out of order", r.Scenario, *s)
		}
	}
	if n := r.Nanos; n != nil {
		positive("fastest", n.Min)
		if !slices.IsSorted([]float64{n.Min, n.P50, n.P90, n.P99, n.P999, n.Max}) {
			t.Errorf("%s: percentiles %+v are out of order", r.Scenario, *n)
		}
	}
}

func TestEveryScenarioMeasuresWhatArrivesIntact(t *testing.T) {
	for _, s := range Scenarios() {
		if s.Name == "all" || s.Name == "compare" {
			continue // all is each of them; compare has tests of its own
		}
		t.Run(s.Name, func(t *testing.T) {
			o := Options{}
			if s.Name == "scale" {
				o.Workers = 4
			}
			for _, one := range smoke(t, s.Name, o) {
				if one.Result.Scenario != s.Name {
					t.Errorf("a result of %s is called %q", s.Name, one.Result.Scenario)
				}
			}
		})
	}
}

func TestEveryWayToSendArrivesIntact(t *testing.T) {
	for _, c := range []struct {
		scenario string
		options  Options
	}{
		{"rtt", Options{API: APILane}},
		{"rtt", Options{API: APILane, Size: 100_000}},
		{"rtt", Options{Codec: CodecRaw, Size: 8}},
		{"rtt", Options{Codec: CodecRaw, Size: 5000}},
		{"rtt", Options{Codec: CodecGob}},
		{"rtt", Options{Codec: CodecZstd}},
		{"rtt", Options{Wait: "adaptive"}},
		{"rtt", Options{Wait: "block"}},
		{"rtt", Options{Wait: "yield"}},
		{"wake", Options{API: APILane}},
		{"rate", Options{API: APILane, Rate: 1000}},
		{"pipeline", Options{API: APILane}},
		{"pipeline", Options{Codec: CodecGob, Workers: 4}},
		{"fanin", Options{API: APILane}},
		{"fanin", Options{Codec: CodecRaw, Size: 100}},
		{"fanout", Options{API: APILane, Batch: 8}},
		{"fanout", Options{Target: "broadcast"}},
		{"fanout", Options{Target: "listeners", Codec: CodecRaw, Size: 50}},
		{"queue", Options{API: APILane, Batch: 4}},
		{"queue", Options{API: APILane, Size: 40_000}},
		{"queue", Options{Codec: CodecGob}},
		{"queue", Options{Codec: CodecRaw, Size: 200}},
	} {
		smoke(t, c.scenario, c.options)
	}
}

func TestStreamsOfEverySizeArriveIntact(t *testing.T) {
	for _, size := range fixedSizes {
		smoke(t, "stream", Options{Codec: CodecFixed, Size: size, Duration: 5 * time.Millisecond})
	}
	for _, size := range []int{8, 15, 16, 4095, 4096, 16 << 10, 16<<10 + 1, 1 << 20, 5 << 20} {
		for _, api := range []string{APILane, APITyped} {
			o := Options{API: api, Size: size, Duration: 5 * time.Millisecond}
			if api == APITyped {
				o.Codec = CodecRaw
			}
			smoke(t, "stream", o)
		}
	}
	for _, o := range []Options{{Batch: 64}, {API: APILane, Batch: 64}, {API: APILane, Size: 3000, Batch: 200}, {Codec: CodecZstd, Size: 64}} {
		smoke(t, "stream", o)
	}
}

func TestAStreamCostsWhatItSays(t *testing.T) {
	r := smoke(t, "stream", Options{Size: 64})[0].Result
	if r.SyscallsPerMillion == nil || r.AllocsPerMessage == nil || len(r.CPUPercent) != 2 {
		t.Fatalf("costs are %v, %v, %v", r.SyscallsPerMillion, r.AllocsPerMessage, r.CPUPercent)
	}
	if *r.AllocsPerMessage > 0.5 {
		t.Errorf("%v allocations for each fixed message", *r.AllocsPerMessage)
	}
	if want := r.MsgsPerSec.Median * 64; r.BytesPerSec != want {
		t.Errorf("%v bytes per second, want %v", r.BytesPerSec, want)
	}
}

func TestOneCoreIsEnoughForTwoThatSleep(t *testing.T) {
	m, err := machine.Describe()
	if err != nil {
		t.Skip(err)
	}
	core := m.Allowed[0]
	smoke(t, "wake", Options{Cores: []int{core, core}})
}

func TestJSONHasTheAgreedFields(t *testing.T) {
	fields := func(r Result) []string {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		var names []string
		for name := range m {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	stream := smoke(t, "stream", Options{})[0].Result
	stream.Dropped = 0
	want := []string{"allocs_per_message", "api", "batch", "bytes_per_sec", "codec", "cores", "cpu_percent", "floor", "messages",
		"msgs_per_sec", "noisy", "ratio", "runs", "scenario", "seconds", "size", "syscalls_per_million", "wait", "workers"}
	if got := fields(stream); !slices.Equal(got, want) {
		t.Errorf("a stream has %v, want %v", got, want)
	}
	rtt := smoke(t, "rtt", Options{API: APILane})[0].Result
	rtt.Dropped = 0
	want = []string{"allocs_per_message", "api", "batch", "cores", "cpu_percent", "floor", "messages", "noisy", "ns", "ratio", "runs",
		"scenario", "seconds", "size", "syscalls_per_million", "wait", "workers"}
	if got := fields(rtt); !slices.Equal(got, want) {
		t.Errorf("a round trip has %v, want %v", got, want)
	}
}

func TestAnInterruptedMeasurementIsPartial(t *testing.T) {
	needCores(t, "stream", Options{})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var list []Outcome
	stop := time.AfterFunc(2*time.Second, func() { cancel(cause) })
	defer stop.Stop()
	err := Run(ctx, "stream", Options{Duration: 50 * time.Millisecond, Runs: MaxRuns}, func(o Outcome) { list = append(list, o) })
	if !errors.Is(err, cause) {
		t.Errorf("it ended with %v, want the cause of the context", err)
	}
	if len(list) != 1 || !list[0].Result.Partial || list[0].Result.Runs == 0 {
		t.Errorf("it left %d results, want one that is partial", len(list))
	}
}

func TestAMeasurementInterruptedAtOnceHasNoResult(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Run(ctx, "fanin", Options{}, func(o Outcome) { t.Errorf("a result: %+v", o.Result) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v, want context.Canceled", err)
	}
}
