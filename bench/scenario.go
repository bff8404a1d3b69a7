package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Scenario is one thing that can be measured.
type Scenario struct {
	Name string // on the command line and in results
	Doc  string // one line, what is measured
	Long string // what else there is to know

	Defaults Options // where they differ from everybody's

	// Flags are the options that make sense, by their names on the command
	// line: "size", "batch", "api", "codec", "wait", "rate", "workers", "to".
	// "duration", "runs" and "cores" always do.
	Flags []string

	EachCodec bool // without a choice of codec, one result for each

	// Run measures. It hands out each result as soon as it is there, one for
	// nearly all scenarios. When ctx ends it hands out what it has, marked as
	// partial, and returns ctx's cause.
	Run func(ctx context.Context, o Options, out func(Outcome)) error
}

// Outcome is a result with what does not fit into one line of JSON.
type Outcome struct {
	Result  Result
	Latency *hdrhistogram.Histogram // nanoseconds, of all runs; nil where none was taken
	Values  []float64               // of each run, in the floor's unit
	Ratios  []float64               // of each run to its floor
}

var scenarios = map[string]Scenario{}

// register makes a scenario known. It is called while the program starts.
func register(s Scenario) {
	if _, twice := scenarios[s.Name]; twice || s.Name == "" || s.Run == nil {
		panic("bench: scenario " + s.Name + " is registered twice or is nothing")
	}
	scenarios[s.Name] = s
}

// Scenarios returns all that can be measured, sorted by name. It allocates a
// new slice.
func Scenarios() []Scenario {
	list := make([]Scenario, 0, len(scenarios))
	for _, s := range scenarios {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Scenario) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// Check reports what Run would refuse at once, as [ErrUnknown] or [ErrOption].
// It starts nothing.
func Check(name string, o Options) error {
	s, known := scenarios[name]
	if !known {
		return fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	for _, one := range s.spell(o) {
		if err := one.check(); err != nil {
			return err
		}
	}
	return nil
}

// spell returns the complete options of each result that options ask for.
func (s Scenario) spell(o Options) (list []Options) {
	if !s.EachCodec || o.Codec != "" {
		return []Options{o.withDefaults(s.Defaults)}
	}
	for _, codec := range []string{CodecRaw, CodecFixed, CodecGob, CodecZstd} {
		one := o
		one.Codec = codec
		if codec == CodecGob {
			one.Size = 0
		}
		list = append(list, one.withDefaults(s.Defaults))
	}
	return list
}

// Run measures a scenario and hands each result to out, on the calling
// goroutine, as soon as it is there. It starts processes, blocks until they
// have ended, and uses the cores it runs on as fully as it can.
//
// When ctx ends the processes do, and what was measured so far is handed out as
// partial; Run then returns ctx's cause. The other errors are [ErrUnknown],
// [ErrOption], [ErrDamaged], [ErrStalled], those of package floor, and what
// became of a process as a *worker.Error.
//
// The calling program must call worker.Main first in its main function: the
// measured processes are copies of it.
func Run(ctx context.Context, name string, o Options, out func(Outcome)) error {
	if err := Check(name, o); err != nil {
		return err
	}
	s := scenarios[name]
	for _, one := range s.spell(o) {
		if err := s.Run(ctx, one, out); err != nil {
			return err
		}
	}
	return nil
}
