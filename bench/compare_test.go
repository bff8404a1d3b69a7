package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench/machine"
)

// twoCores skips a test where two processes cannot have a core each.
func twoCores(t *testing.T) {
	t.Helper()
	if _, err := (Options{}).place(2, true); err != nil {
		t.Skip(err)
	}
}

// brief are options for a test.
var brief = Options{Duration: 20 * time.Millisecond, Runs: 1}

func TestEveryStandardPeerDeliversEveryMessageIntact(t *testing.T) {
	twoCores(t)
	for _, r := range rows[:4] {
		r.own = nil
		for _, c := range r.contenders(brief, "", nil) {
			t.Run(r.scenario+"/"+c.name, func(t *testing.T) {
				var got []Outcome
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := c.measure(ctx, r, func(o Outcome) { got = append(got, o) }); err != nil {
					t.Fatal(err)
				}
				if len(got) != 1 {
					t.Fatalf("got %d results, want 1", len(got))
				}
				checkPeerResult(t, r, c, got[0])
			})
		}
	}
}

// checkPeerResult checks that a result has the fields of its row.
func checkPeerResult(t *testing.T, r row, c contender, o Outcome) {
	t.Helper()
	got := o.Result
	if got.Scenario != r.scenario || got.Peer != c.name || got.Version == "" || got.Options == "" || got.Size != r.size {
		t.Errorf("the result says %+v, want scenario %s, peer %s and size %d", got, r.scenario, c.name, r.size)
	}
	if got.Runs < 1 || got.Messages < 1 || got.Seconds <= 0 || len(got.Cores) != 2 || got.Floor == nil || got.Floor.Value <= 0 || got.Ratio <= 0 {
		t.Errorf("the result says %+v, want runs with messages on two cores, beside a floor", got)
	}
	if got.SyscallsPerMillion != nil || got.Wait != "" || got.API != "" || got.Batch != 0 {
		t.Errorf("the result says %+v, which is about ringmaster", got)
	}
	if r.latency {
		if got.Nanos == nil || got.Nanos.P50 <= 0 || o.Latency == nil {
			t.Errorf("round trips without latencies: %+v", got)
		}
	} else if got.MsgsPerSec == nil || got.MsgsPerSec.Median <= 0 {
		t.Errorf("a stream without a rate: %+v", got)
	}
}

func TestRowsCompareRingmasterWithEveryPeerThatCarriesTheirMessages(t *testing.T) {
	list := []programPeer{{Peer: "carrier-pigeon"}, {Peer: "dodo", Absent: "extinct"}}
	for _, r := range rows {
		var names []string
		for _, c := range r.contenders(brief, "program", list) {
			names = append(names, c.name)
		}
		if names[0] != ownName {
			t.Errorf("%s begins with %s, want %s", r.scenario, names[0], ownName)
		}
		want := []string{"pipe", "unix", "unix-buffered", "unix-gob", "net-rpc", "go-channel", "carrier-pigeon"}
		if r.codec == CodecGob {
			want = []string{"unix-gob", "net-rpc"}
		}
		for _, name := range want {
			if !slices.Contains(names, name) {
				t.Errorf("%s is without %s: %v", r.scenario, name, names)
			}
		}
		if slices.Contains(names, "dodo") {
			t.Errorf("%s measures a peer that is absent", r.scenario)
		}
	}
}

func TestPeersAreAbsentWithTheCommandThatBuildsTheirProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	program, list := peersOutside(t.Context())
	if program != "" || len(list) != len(programPeers) {
		t.Fatalf("got program %q and %d peers, want none and %d", program, len(list), len(programPeers))
	}
	for _, p := range list {
		if !strings.Contains(p.Absent, "go build -C bench/peers -o ") {
			t.Errorf("%s is absent since %q, want the command that builds the program", p.Peer, p.Absent)
		}
	}
}

// fakeProgram puts a program of the peers on PATH that runs a shell script.
func fakeProgram(t *testing.T, script string) string {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, peersProgram)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	return path
}

func TestProgramOnPathTellsWhichPeersThereAre(t *testing.T) {
	path := fakeProgram(t, `echo '{"peer":"pigeon","version":"1","options":"by air"}'; echo '{"peer":"dodo","absent":"extinct"}'`)
	program, list := peersOutside(t.Context())
	want := []programPeer{{Peer: "pigeon", Version: "1", Options: "by air"}, {Peer: "dodo", Absent: "extinct"}}
	if program != path || !slices.Equal(list, want) {
		t.Errorf("got %q with %+v, want %q with %+v", program, list, path, want)
	}
}

// programPlan is a plan for a peer of a program.
func programPlan(path string) *plan {
	p := rows[1].contenders(Options{Cores: []int{0, 1}}, path, []programPeer{{Peer: "pigeon"}})
	return &p[len(p)-1].plan
}

func TestRunOfAProgramIsASample(t *testing.T) {
	path := fakeProgram(t, `echo '{"messages":50,"seconds":2,"msgs_per_sec":{"min":25,"median":25,"max":25},"cpu_percent":[1,2],"allocs_per_message":3}'`)
	s, err := programPlan(path).runProgram(t.Context(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if s.Value != 25 || s.Messages != 50 || s.Seconds != 2 || s.Mallocs != 150 || !slices.Equal(s.CPU, []float64{1, 2}) {
		t.Errorf("got %+v", s)
	}
}

func TestProgramThatFailsIsAnErrorWithItsWords(t *testing.T) {
	for script, want := range map[string]string{
		"echo out of feathers >&2; exit 1": "out of feathers",
		"echo nonsense":                    "nonsense",
		"echo '{}'":                        "{}",
	} {
		if s, err := programPlan(fakeProgram(t, script)).runProgram(t.Context(), time.Second); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("script %q: got %+v and error %v, want one that says %q", script, s, err, want)
		}
	}
}

func TestProgramThatHangsIsEnded(t *testing.T) {
	path := fakeProgram(t, "exec sleep 60")
	if _, err := runPeersProgram(t.Context(), path, 50*time.Millisecond); !errors.Is(err, ErrStalled) {
		t.Errorf("got %v, want %v", err, ErrStalled)
	}
}

func TestContenderThatFailsIsListedWithTheErrorAndTheOthersAreMeasured(t *testing.T) {
	twoCores(t)
	r := rows[1]
	r.own = nil
	all := r.contenders(brief, "", nil)[1:2] // a pipe
	broken := all[0]
	broken.name, broken.plan.Peer = "telegraph", peerPlan{Name: "telegraph", Address: meetingAddress()}
	var got []Result
	err := r.run(t.Context(), []contender{broken, all[0]}, func(o Outcome) { got = append(got, o.Result) })
	if err == nil || !strings.Contains(err.Error(), ErrUnknown.Error()) {
		t.Errorf("got %v, want %v", err, ErrUnknown)
	}
	if len(got) != 2 || !strings.HasPrefix(got[0].Absent, "failed: ") || got[1].MsgsPerSec == nil {
		t.Errorf("got %+v, want a failure and a rate", got)
	}
}

func TestLostMessageOfCallsInFlightIsDamage(t *testing.T) {
	letters := structLetters()
	s := &rpcServer[rpcMessage]{letter: letters}
	var total tally
	for _, count := range []uint64{1, 0, 3, endCount} { // 2 is lost
		var m rpcMessage
		letters.write(&m, number(0, count))
		err := s.count(&total, m)
		if lost := count == endCount; lost != errors.Is(err, ErrDamaged) || !lost && err != nil {
			t.Errorf("message %d: got %v", count, err)
		}
	}
}

func TestTableOfPeersSaysOnceHowTheyWereUsedAndWhoIsAbsent(t *testing.T) {
	m, err := machine.Describe()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	table := NewTable(&text, m)
	floor := &Floor{Name: floorPing, Value: 100, Unit: "ns"}
	table.Add(Result{Scenario: compareName, Peer: "dodo", Absent: "extinct"})
	for i, name := range []string{ownName, "pigeon", "pigeon"} {
		table.Add(Result{Scenario: "rtt", Peer: name, Size: 32 << i, Options: "by air", Version: "v1", Nanos: &Percentiles{P50: 150}, Floor: floor, Ratio: 1.5})
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rtt, 32 B", "rtt, 128 B", "150 ns", "1.50", "dodo, absent: extinct", "pigeon: v1; by air"} {
		if n := strings.Count(text.String(), want); n == 0 || want[0] == 'p' && n != 1 {
			t.Errorf("%q is there %d times in:\n%s", want, n, text.String())
		}
	}
}

func TestCompareWantsACoreForEachEnd(t *testing.T) {
	m, err := machine.Describe()
	if err != nil {
		t.Fatal(err)
	}
	err = Run(t.Context(), compareName, Options{Cores: m.Allowed[:1]}, func(Outcome) { t.Error("something was measured") })
	if !errors.Is(err, ErrOption) {
		t.Errorf("got %v, want %v", err, ErrOption)
	}
}
