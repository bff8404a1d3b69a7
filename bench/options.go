package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench/machine"
	"github.com/ringmaster-ipc/ringmaster/ring"
)

// Bounds of the options.
const (
	MinSize     = 8        // bytes: what numbers a message
	MaxSize     = 64 << 20 // bytes
	MaxBatch    = 1024
	MaxRuns     = 1000
	MaxDuration = 10 * time.Minute
	MaxWorkers  = 128
	MaxRate     = 10_000_000 // messages per second
)

// The ways to send and the codecs, as options name them.
const (
	APILane  = "lane"  // ring's records, without types
	APITyped = "typed" // worker's typed handles and handlers

	CodecRaw   = "raw"   // []byte
	CodecFixed = "fixed" // a pointer-free struct
	CodecGob   = "gob"   // a struct of three fields
	CodecZstd  = "zstd"  // compressible bytes
)

// The targets of fanout, as options name them.
const (
	targetIDs       = "ids"       // a set of workers
	targetBroadcast = "broadcast" // every named worker
	targetListeners = "listeners" // whoever listens to the type
)

// Options say how a scenario is run. The zero value of each means the default
// of the scenario.
type Options struct {
	Size     int           // payload bytes of a message
	Batch    int           // messages made visible together
	API      string        // "lane" or "typed"
	Codec    string        // "raw", "fixed", "gob" or "zstd"; for "typed"
	Wait     string        // a ring.Strategy's name
	Duration time.Duration // of one measured run
	Runs     int           // whose floors agree
	Rate     int           // messages per second
	Workers  int           // measured processes
	Cores    []int         // for them, used in turn
	Target   string        // of fanout: "ids", "broadcast" or "listeners"
}

// DefaultRuns and DefaultDuration are what zero means in [Options].
const (
	DefaultRuns     = 5
	DefaultDuration = time.Second
)

// fixedSizes are the sizes of the fixed messages that there are types for.
var fixedSizes = []int{32, 64, 128, 256, 512, 1024, 4096}

// withDefaults fills in what is not set: first from the scenario's own
// defaults, then from everybody's.
func (o Options) withDefaults(d Options) Options {
	setDefault(&o.API, d.API, APITyped)
	setDefault(&o.Codec, d.Codec, "")
	if o.Size == 0 && o.Codec != CodecGob {
		o.Size = max(d.Size, 32)
		if o.Codec == CodecZstd {
			o.Size = max(d.Size, 4096)
		}
	}
	if o.Codec == "" && o.API == APITyped {
		o.Codec = CodecRaw
		if slices.Contains(fixedSizes, o.Size) && o.Size < blockFrom {
			o.Codec = CodecFixed
		}
	}
	setDefault(&o.Batch, d.Batch, 1)
	setDefault(&o.Wait, d.Wait, ring.Adaptive.String())
	setDefault(&o.Duration, d.Duration, DefaultDuration)
	setDefault(&o.Runs, d.Runs, DefaultRuns)
	setDefault(&o.Rate, d.Rate, 100_000)
	setDefault(&o.Workers, d.Workers, 2)
	setDefault(&o.Target, d.Target, targetIDs)
	return o
}

func setDefault[T comparable](value *T, choices ...T) {
	var zero T
	for _, c := range choices {
		if *value == zero {
			*value = c
		}
	}
}

// check reports what is wrong with options that have their defaults.
func (o Options) check() error {
	for _, c := range []struct {
		name           string
		value, low, up int64
	}{
		{"runs", int64(o.Runs), 1, MaxRuns},
		{"batch", int64(o.Batch), 1, MaxBatch},
		{"workers", int64(o.Workers), 1, MaxWorkers},
		{"rate", int64(o.Rate), 1, MaxRate},
	} {
		if c.value < c.low || c.value > c.up {
			return fmt.Errorf("%w: --%s is %d, want %d … %d", ErrOption, c.name, c.value, c.low, c.up)
		}
	}
	if o.Duration <= 0 || o.Duration > MaxDuration {
		return fmt.Errorf("%w: --duration is %v, want more than 0 and at most %v", ErrOption, o.Duration, MaxDuration)
	}
	if _, known := ring.ParseStrategy(o.Wait); !known || o.Wait == ring.Poll.String() {
		return fmt.Errorf("%w: --wait is %q, want spin, yield, adaptive or block", ErrOption, o.Wait)
	}
	if !slices.Contains([]string{targetIDs, targetBroadcast, targetListeners}, o.Target) {
		return fmt.Errorf("%w: --to is %q, want ids, broadcast or listeners", ErrOption, o.Target)
	}
	return o.checkMessage()
}

// checkMessage reports what is wrong with the kind of message.
func (o Options) checkMessage() error {
	switch o.API {
	case APILane:
		if o.Codec != "" && o.Codec != CodecRaw {
			return fmt.Errorf("%w: --codec %s needs --api typed: a lane carries bytes", ErrOption, o.Codec)
		}
	case APITyped:
		if !slices.Contains([]string{CodecRaw, CodecFixed, CodecGob, CodecZstd}, o.Codec) {
			return fmt.Errorf("%w: --codec is %q, want raw, fixed, gob or zstd", ErrOption, o.Codec)
		}
		if o.Codec == CodecFixed && !slices.Contains(fixedSizes, o.Size) {
			return fmt.Errorf("%w: --codec fixed has messages of %v bytes, not of %d; take --codec raw", ErrOption, fixedSizes, o.Size)
		}
		if o.Batch > 1 && o.Codec != CodecFixed {
			return fmt.Errorf("%w: --batch %d with --codec %s: typed batches are for fixed messages; take --codec fixed or --api lane", ErrOption, o.Batch, o.Codec)
		}
	default:
		return fmt.Errorf("%w: --api is %q, want lane or typed", ErrOption, o.API)
	}
	switch {
	case o.Codec == CodecGob && o.Size == 0:
		return nil // as large as its encoding is
	case o.Codec == CodecGob:
		return fmt.Errorf("%w: --size %d with --codec gob: that message is a struct of three fields", ErrOption, o.Size)
	case o.Codec == CodecZstd && o.Size < minPacked:
		return fmt.Errorf("%w: --size is %d, --codec zstd wants %d bytes and more", ErrOption, o.Size, minPacked)
	}
	if o.Size < MinSize || o.Size > MaxSize {
		return fmt.Errorf("%w: --size is %d, want %d … %d bytes", ErrOption, o.Size, MinSize, MaxSize)
	}
	return nil
}

// place returns the core for each of n processes: those asked for in turn, or
// those this process may use, first one of each physical core. With apart each
// process gets a core of its own.
func (o Options) place(n int, apart bool) ([]int, error) {
	m, err := machine.Describe()
	if err != nil {
		return nil, err
	}
	choice := o.Cores
	if len(choice) == 0 {
		choice = m.Order()
	}
	for _, core := range choice {
		if !slices.Contains(m.Allowed, core) {
			return nil, fmt.Errorf("%w: --cores names core %d; this process may use %v", ErrOption, core, m.Allowed)
		}
	}
	cores := make([]int, n)
	for i := range cores {
		cores[i] = choice[i%len(choice)]
	}
	if apart {
		for i, core := range cores {
			if slices.Contains(cores[:i], core) {
				return nil, fmt.Errorf("%w: %d processes that spin need a core each, and the cores are %v of %v", ErrOption, n, choice, m.Allowed)
			}
		}
	}
	return cores, nil
}
