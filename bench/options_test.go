package bench

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench/machine"
)

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, c := range []struct {
		scenario string
		options  Options
		says     string
	}{
		{"rtt", Options{Size: MinSize - 1}, "--size is 7"},
		{"rtt", Options{Size: MaxSize + 1}, "want 8 … 67108864 bytes"},
		{"rtt", Options{Size: -1}, "--size is -1"},
		{"rtt", Options{Duration: -time.Second}, "--duration is -1s"},
		{"rtt", Options{Duration: MaxDuration + 1}, "at most 10m0s"},
		{"rtt", Options{Runs: -1}, "--runs is -1"},
		{"rtt", Options{Runs: MaxRuns + 1}, "--runs is 1001"},
		{"rtt", Options{Wait: "poll"}, `--wait is "poll"`},
		{"rtt", Options{Wait: "sometimes"}, "want spin, yield, adaptive or block"},
		{"rtt", Options{API: "socket"}, "want lane or typed"},
		{"rtt", Options{Codec: "json"}, "want raw, fixed, gob or zstd"},
		{"rtt", Options{API: APILane, Codec: CodecGob}, "a lane carries bytes"},
		{"rtt", Options{Codec: CodecGob, Size: 32}, "a struct of three fields"},
		{"rtt", Options{Codec: CodecFixed, Size: 33}, "not of 33"},
		{"rtt", Options{Codec: CodecZstd, Size: 32}, "64 bytes and more"},
		{"stream", Options{Batch: MaxBatch + 1}, "--batch is 1025"},
		{"stream", Options{Batch: 2, Codec: CodecGob}, "for fixed messages"},
		{"rate", Options{Rate: MaxRate + 1}, "--rate is 10000001"},
		{"fanin", Options{Workers: MaxWorkers + 1}, "--workers is 129"},
		{"fanout", Options{Target: "everybody"}, "ids, broadcast or listeners"},
	} {
		err := Check(c.scenario, c.options)
		if !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %+v: %v, want ErrOption that says %q", c.scenario, c.options, err, c.says)
		}
	}
}

func TestAnUnknownScenarioIsRefused(t *testing.T) {
	if err := Check("nonsense", Options{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if err := Run(t.Context(), "nonsense", Options{}, nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
}

func TestPlacesThatCannotBeAreRefused(t *testing.T) {
	m, err := machine.Describe()
	if err != nil {
		t.Skip(err)
	}
	core := m.Allowed[0]
	for _, c := range []struct {
		scenario string
		options  Options
		says     string
	}{
		{"rtt", Options{Cores: []int{core, 4095}}, "core 4095"},
		{"stream", Options{Cores: []int{core, -1}}, "core -1"},
		{"rtt", Options{Cores: []int{core, core}}, "need a core each"},
		{"stream", Options{Cores: []int{core}, Wait: "block"}, "need a core each"},
		{"wake", Options{Cores: []int{core}, Wait: "spin"}, "need a core each"},
		{"fanin", Options{Workers: 1}, "takes 2 at least"},
		{"pipeline", Options{Workers: 1}, "takes 2 at least"},
		{"scale", Options{Workers: 1}, "takes 2 at least"},
	} {
		err := Run(context.Background(), c.scenario, c.options, func(Outcome) {})
		if !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %+v: %v, want ErrOption that says %q", c.scenario, c.options, err, c.says)
		}
	}
}

func TestCoresAreUsedInTurn(t *testing.T) {
	m, err := machine.Describe()
	if err != nil {
		t.Skip(err)
	}
	cores, err := Options{}.place(2*len(m.Allowed)+1, false)
	if err != nil {
		t.Fatal(err)
	}
	order := m.Order()
	for i, core := range cores {
		if want := order[i%len(order)]; core != want {
			t.Errorf("process %d is on core %d, want %d: %v", i, core, want, cores)
		}
	}
}

func TestDefaultsFollowTheMessage(t *testing.T) {
	for _, c := range []struct {
		given Options
		codec string
		size  int
	}{
		{Options{}, CodecFixed, 32},
		{Options{Size: 33}, CodecRaw, 33},
		{Options{Size: 64 << 10}, CodecRaw, 64 << 10},
		{Options{Codec: CodecZstd}, CodecZstd, 4096},
		{Options{Codec: CodecGob}, CodecGob, 0},
		{Options{API: APILane}, "", 32},
	} {
		got := c.given.withDefaults(Options{})
		if got.Codec != c.codec || got.Size != c.size {
			t.Errorf("%+v becomes codec %q and size %d, want %q and %d", c.given, got.Codec, got.Size, c.codec, c.size)
		}
	}
}
