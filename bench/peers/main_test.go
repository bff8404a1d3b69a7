package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain makes the test binary able to be the measured processes, which are
// the running program started again.
func TestMain(m *testing.M) {
	if j, given, err := jobFromEnv(); given {
		if err == nil {
			err = child(j)
		}
		if err != nil {
			die(err.Error())
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// twoCores skips a test where two processes cannot have a core each.
func twoCores(t *testing.T) {
	t.Helper()
	allowed, err := allowedCores()
	if err != nil {
		t.Fatal(err)
	}
	if len(allowed) < 2 {
		t.Skipf("two cores are needed; this process may use %v", allowed)
	}
}

// runCommand runs the command and returns what it printed.
func runCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	err := command(ctx, args, &out)
	return out.String(), err
}

func TestEveryPeerDeliversEveryMessageIntact(t *testing.T) {
	twoCores(t)
	for _, p := range peers {
		for _, scenario := range []string{scenarioRTT, scenarioStream, scenarioLarge} {
			t.Run(p.name+"/"+scenario, func(t *testing.T) {
				if p.absent != "" {
					t.Skip(p.absent)
				}
				out, err := runCommand(t, "run", "--peer", p.name, "--scenario", scenario, "--duration", "20ms", "--json")
				if err != nil {
					t.Fatal(err)
				}
				checkResult(t, []byte(out), p.name, scenario)
			})
		}
	}
}

// checkResult checks that a printed result has the fields of its scenario.
func checkResult(t *testing.T, text []byte, peer, scenario string) {
	t.Helper()
	var r result
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if r.Peer != peer || r.Scenario != scenario || r.Version == "" || r.Options == "" || r.Size != defaultSizes[scenario] {
		t.Errorf("the result says %+v, want peer %s, scenario %s and size %d", r, peer, scenario, defaultSizes[scenario])
	}
	if r.Runs != 1 || r.Messages < 1 || r.Seconds <= 0 || len(r.Cores) != 2 || len(r.CPUPercent) != 2 {
		t.Errorf("the result says %+v, want one run with messages, on two cores", r)
	}
	if r.MsgsPerSec == nil || r.MsgsPerSec.Median <= 0 {
		t.Errorf("the result has no rate: %s", text)
	}
	if hasNanos := r.Nanos != nil && r.Nanos.P50 > 0; hasNanos != (scenario == scenarioRTT) {
		t.Errorf("the result of %s has nanoseconds: %t: %s", scenario, hasNanos, text)
	}
}

func TestListNamesEveryPeerWithItsVersionOrTheReasonForItsAbsence(t *testing.T) {
	out, err := runCommand(t, "list", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(out) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if (e.Absent == "") == (e.Version == "") {
			t.Errorf("%+v: want a version or the reason for the absence", e)
		}
		names = append(names, e.Peer)
	}
	for _, p := range peers {
		if !slices.Contains(names, p.name) {
			t.Errorf("%s is not listed in %v", p.name, names)
		}
	}
}

func TestWrongArgumentsAreRefused(t *testing.T) {
	base := []string{"run", "--peer", "grpc-unary", "--scenario", "rtt"}
	for name, args := range map[string][]string{
		"no subcommand":    nil,
		"unknown flag":     {"list", "--xml"},
		"left over":        {"list", "all"},
		"unknown peer":     {"run", "--peer", "telegraph", "--scenario", "rtt"},
		"unknown scenario": {"run", "--peer", "grpc-unary", "--scenario", "walk"},
		"size too small":   append(base, "--size", "7"),
		"size too large":   append(base, "--size", "16777217"),
		"no duration":      append(base, "--duration", "0s"),
		"long duration":    append(base, "--duration", "1h"),
		"no runs":          append(base, "--runs", "0"),
		"one core":         append(base, "--cores", "0,0"),
		"three cores":      append(base, "--cores", "0,1,0"),
		"no such core":     append(base, "--cores", "0,1023"),
		"not a core":       append(base, "--cores", "0,b"),
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := runCommand(t, args...); !errors.Is(err, errUsage) {
				t.Errorf("%v: got %q and error %v, want %v", args, out, err, errUsage)
			}
		})
	}
}

func TestAbsentPeerSaysWhy(t *testing.T) {
	_, err := runCommand(t, "run", "--peer", "mangos", "--scenario", "rtt")
	if !errors.Is(err, errAbsent) || !strings.Contains(err.Error(), "module proxy") {
		t.Errorf("got %v, want %v with the reason", err, errAbsent)
	}
}

func TestInterruptEndsBothProcesses(t *testing.T) {
	twoCores(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := command(ctx, []string{"run", "--peer", "go-zeromq", "--scenario", "stream", "--duration", "30s"}, &bytes.Buffer{})
	if !errors.Is(err, errProcess) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, errProcess)
	}
}

func TestDamagedMessagesAreReported(t *testing.T) {
	message := make([]byte, 100)
	for _, at := range []int{0, 8, 50, 99} {
		fill(message, 7)
		if !intact(message) {
			t.Fatalf("message as filled is damaged: %v", message)
		}
		if message[at]++; intact(message) {
			t.Errorf("byte %d was changed, and the message is still intact", at)
		}
	}
	complete := report{Messages: 4, Numbers: 6}
	if err := complete.check(4); err != nil {
		t.Errorf("4 of 4 messages: %v", err)
	}
	for _, r := range []report{{Messages: 3, Numbers: 6}, {Messages: 4, Numbers: 5}, {Messages: 4, Numbers: 6, Torn: 1}} {
		if err := r.check(4); !errors.Is(err, errDamaged) {
			t.Errorf("%+v of 4 messages: got %v, want %v", r, err, errDamaged)
		}
	}
}

func TestSummaryTakesMediansOfRunsAndTotalsOfCounts(t *testing.T) {
	r := result{Size: 10}
	var samples []sample
	for _, n := range []int64{100, 300, 200} {
		h := newHistogram()
		for i := range n {
			h.RecordValue(i + n)
		}
		latency, err := encode(h)
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, sample{Messages: n, Elapsed: time.Second, Latency: latency})
	}
	if err := r.summarize(samples); err != nil {
		t.Fatal(err)
	}
	if r.Runs != 3 || r.Messages != 600 || r.Seconds != 3 || *r.MsgsPerSec != (spread{100, 200, 300}) {
		t.Errorf("got %+v, rates %+v", r, r.MsgsPerSec)
	}
	if r.Nanos.Min != 100 || r.Nanos.P50 != 299 || r.Nanos.Max != 599 {
		t.Errorf("got %+v, want the least 100, the median of medians 299 and the most 599", r.Nanos)
	}
	if !r.Noisy {
		t.Error("runs that differ by a factor of three are not called noisy")
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median of 1, 2, 3, 4 is %v", got)
	}
}
