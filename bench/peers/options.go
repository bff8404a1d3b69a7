package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of the options.
const (
	sizeMax     = 16 << 20
	durationMax = time.Minute
	runsMax     = 100
)

// defaultSizes are the bytes of a message where --size is not given.
var defaultSizes = map[string]int{scenarioRTT: 32, scenarioStream: 32, scenarioLarge: 64 << 10}

// runOptions are the arguments of run.
type runOptions struct {
	peer  peer
	job   job
	runs  int
	cores []int // of the client and the server
	json  bool
}

// parseRun reads and checks the arguments of run.
func parseRun(args []string) (o runOptions, err error) {
	flags := newFlagSet("run")
	name := flags.String("peer", "", "which peer; see list")
	flags.StringVar(&o.job.Scenario, "scenario", "", "rtt, stream or large")
	flags.IntVar(&o.job.Size, "size", 0, "bytes of a message (default 32; large: 65536)")
	flags.DurationVar(&o.job.Duration, "duration", time.Second, "how long each run measures")
	flags.IntVar(&o.runs, "runs", 1, "how many runs")
	cores := flags.String("cores", "", "cores of client and server (default: the first two allowed)")
	flags.BoolVar(&o.json, "json", false, "print one object")
	if err := parse(flags, args); err != nil {
		return o, err
	}
	if o.peer, err = findPeer(*name); err != nil {
		return o, err
	}
	o.job.Peer = o.peer.name
	if err := o.checkJob(); err != nil {
		return o, err
	}
	if o.runs < 1 || o.runs > runsMax {
		return o, fmt.Errorf("%w: %d runs: from 1 to %d are possible", errUsage, o.runs, runsMax)
	}
	if o.cores, err = parseCores(*cores); err != nil {
		return o, err
	}
	return o, checkCores(o.cores)
}

// checkJob checks what the two processes are to do, and fills in the size.
func (o *runOptions) checkJob() error {
	size, known := defaultSizes[o.job.Scenario]
	if !known {
		return fmt.Errorf("%w: scenario %q is not rtt, stream or large", errUsage, o.job.Scenario)
	}
	if o.job.Size == 0 {
		o.job.Size = size
	}
	if o.job.Size < numberSize || o.job.Size > sizeMax {
		return fmt.Errorf("%w: size %d: messages have from %d to %d bytes", errUsage, o.job.Size, numberSize, sizeMax)
	}
	if o.job.Duration <= 0 || o.job.Duration > durationMax {
		return fmt.Errorf("%w: duration %v: more than 0 and up to %v is possible", errUsage, o.job.Duration, durationMax)
	}
	return nil
}

// parseCores reads a list of cores. Without one, the first two allowed cores
// are taken.
func parseCores(text string) (cores []int, err error) {
	if text == "" {
		allowed, err := allowedCores()
		return slices.Clip(allowed[:min(2, len(allowed))]), err
	}
	for field := range strings.SplitSeq(text, ",") {
		core, err := strconv.Atoi(field)
		if err != nil {
			return nil, fmt.Errorf("%w: cores %q: want two numbers, such as 0,1", errUsage, text)
		}
		cores = append(cores, core)
	}
	return cores, nil
}

// newFlagSet returns a flag set that leaves errors to the caller.
func newFlagSet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// parse parses arguments, of which none may be left over.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %s: %w", errUsage, flags.Name(), err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%w: %s: unexpected %q", errUsage, flags.Name(), flags.Arg(0))
	}
	return nil
}
