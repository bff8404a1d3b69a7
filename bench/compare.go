package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

func init() {
	register(Scenario{
		Name: compareName,
		Doc:  "ringmaster beside what else two Go processes can use",
		Long: `Round trips, streams of small messages, of gob structs and of large payloads,
each with ringmaster and then with everything that people use instead, between
two processes on the same two cores: the same payloads, and the same floor before
and after every run.

What is not in the standard library is measured by ringmaster-peers, a program of
its own, which is looked for beside this one and on PATH:

    go build -C bench/peers -o DIR/ringmaster-peers .

A peer that cannot be measured is listed with the reason.`,
		Defaults: Options{Duration: 300 * time.Millisecond},
		Run:      runCompare,
	})
}

const compareName = "compare"

// ownName is what ringmaster is called among its peers.
const ownName = "ringmaster"

// Sizes of the messages that are compared.
const (
	compareSmall  = 32
	compareLarge  = 64 << 10
	compareLarger = 1 << 20
	compareBatch  = 64
)

// row is what is compared: one kind of flow with one kind of message.
type row struct {
	scenario string // of the results
	latency  bool
	size     int
	codec    string
	own      []Options // ringmaster's ways
}

// rows are all of them. Each of ringmaster's ways is as in the scenario of that
// name.
var rows = []row{
	{scenario: "rtt", latency: true, size: compareSmall, own: []Options{
		{API: APITyped, Wait: ring.Spin.String()}, {API: APILane, Wait: ring.Spin.String()}, {API: APITyped, Wait: ring.Block.String()},
	}},
	{scenario: "stream", size: compareSmall, own: []Options{
		{API: APITyped}, {API: APITyped, Batch: compareBatch}, {API: APILane}, {API: APILane, Batch: compareBatch},
	}},
	{scenario: "gob", codec: CodecGob, own: []Options{{API: APITyped}}},
	{scenario: "large", size: compareLarge, own: []Options{{API: APITyped}, {API: APILane}}},
	{scenario: "large", size: compareLarger, own: []Options{{API: APITyped}, {API: APILane}}},
}

// options returns the options of a contender in the row: what it does itself,
// and what all have in common.
func (r row) options(o, own Options) Options {
	own.Size, own.Codec = r.size, r.codec
	own.Duration, own.Runs, own.Cores = o.Duration, o.Runs, o.Cores
	return own.withDefaults(Options{})
}

// plan returns what processes measure for a contender.
func (r row) plan(o Options) plan {
	if r.latency {
		return plan{Options: o, Parts: pair(partPing, partRelay), Floor: floorPing}
	}
	return plan{Options: o, Parts: pair(partSource, partSink), Floor: streamFloor(o)}
}

// ownModule is ringmaster's.
const ownModule = "github.com/ringmaster-ipc/ringmaster"

// ownVersion returns ringmaster's version as this binary was built.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == ownModule {
			return m.Version
		}
	}
	return ""
}

// contender is somebody in a row.
type contender struct {
	name, version, options string
	plan                   plan
	own                    bool
}

// runCompare measures row after row. A contender that fails is listed as absent
// with the error, which is returned in the end.
func runCompare(ctx context.Context, o Options, out func(Outcome)) error {
	if _, err := o.place(2, true); err != nil {
		return err
	}
	program, list := peersOutside(ctx)
	for _, p := range list {
		if p.Absent != "" {
			out(Outcome{Result: Result{Scenario: compareName, Peer: p.Peer, Absent: p.Absent}})
		}
	}
	var failures []error
	for _, r := range rows {
		if err := r.run(ctx, r.contenders(o, program, list), out); ctx.Err() != nil {
			return err
		} else if err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// run measures one row.
func (r row) run(ctx context.Context, all []contender, out func(Outcome)) error {
	var failures []error
	for _, c := range all {
		err := c.measure(ctx, r, out)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s of %s: %w", r.scenario, c.name, err))
			out(Outcome{Result: Result{
				Scenario: r.scenario, Peer: c.name, Version: c.version, Options: c.options, Size: r.size, Absent: "failed: " + err.Error(),
			}})
		}
	}
	return errors.Join(failures...)
}

// peersOutside returns the program for the peers that are not in the standard
// library, and the list of those peers.
func peersOutside(ctx context.Context) (program string, list []programPeer) {
	program, err := findPeersProgram()
	if err == nil {
		list, err = listProgramPeers(ctx, program)
	}
	if err != nil {
		return "", absentPeers(err.Error())
	}
	return program, list
}

// contenders returns who is measured in the row, ringmaster first.
func (r row) contenders(o Options, program string, list []programPeer) (all []contender) {
	for _, own := range r.own {
		all = append(all, contender{name: ownName, version: ownVersion(), plan: r.plan(r.options(o, own)), own: true})
	}
	// Between their turns, processes of peers sleep.
	peer := r.plan(r.options(o, Options{Wait: ring.Block.String()}))
	for _, s := range standardPeers {
		if !s.carries(r.codec) {
			continue
		}
		p := peer
		p.Peer = peerPlan{Name: s.name, Address: meetingAddress(), Outside: s.open == nil}
		all = append(all, contender{name: s.name, version: s.version(), options: s.options, plan: p})
	}
	for _, s := range list {
		if s.Absent != "" || r.codec != "" {
			continue
		}
		p := peer
		p.Peer = peerPlan{Name: s.Peer, Outside: true, Program: program}
		all = append(all, contender{name: s.Peer, version: s.Version, options: s.Options, plan: p})
	}
	return all
}

// measure measures the contender and names it in its result.
func (c contender) measure(ctx context.Context, r row, out func(Outcome)) error {
	return measure(ctx, c.plan, func(result *Result) {
		result.Scenario, result.Peer, result.Version, result.Options = r.scenario, c.name, c.version, c.options
		if c.own {
			return
		}
		// These say how ringmaster is used.
		result.API, result.Codec, result.Wait, result.Batch = "", r.codec, "", 0
		result.SyscallsPerMillion = nil
		if c.plan.Peer.Outside && c.plan.Peer.Program == "" {
			result.Workers, result.CPUPercent = 1, result.CPUPercent[:1] // Go channels
		}
	}, out)
}

// meetings numbers the meeting places of this process.
var meetings atomic.Uint64

// meetingAddress returns an address that nobody else on the machine has.
func meetingAddress() string {
	return fmt.Sprintf("ringmaster-bench-%d-%d", os.Getpid(), meetings.Add(1))
}
