package supervisor_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// scaleEnv, set to a number, repeats the test with two hundred workers so many
// times.
const scaleEnv = "RINGMASTER_SCALE"

const (
	bothWays  = 10_000  // messages each way between two, with all others there
	memoryMax = 4 << 30 // bytes of all processes and their shared memory
	scaleMany = 200     // workers
	scaleSome = 40      // workers in the short form
	scaleWait = 90 * time.Second
)

// What the workers of a crowd say to each other and to the first of them, the
// marshal.
type (
	scaleHello  struct{ From int64 }
	scaleMet    struct{ Workers int64 } // has heard from so many
	scaleDuel   struct{ With worker.ID }
	scaleBall   struct{ N, Check int64 }
	scaleDone   struct{ Balls int64 }
	scaleLeave  struct{}
	scaleTarget struct{ IDs []worker.ID }
)

// crowdMember greets every other, and plays ball when it is told with whom.
var crowdMember = worker.Define("scale-member", func(ctx context.Context, w *worker.Worker, size int) error {
	met := map[worker.ID]bool{}
	worker.On(w, func(ctx context.Context, h scaleHello) error {
		from := w.Current().From
		if met[from] || int64(from) != h.From {
			return fmt.Errorf("worker %v greeted twice, or as %v", from, worker.ID(h.From))
		}
		if met[from] = true; len(met) < size-1 {
			return nil
		}
		_, err := worker.Send(ctx, w, worker.Name("scale-marshal"), scaleMet{int64(len(met))})
		return err
	})
	balls := int64(0)
	worker.On(w, func(_ context.Context, d scaleDuel) error {
		go play(ctx, w, d.With) // two that send inside handlers would wait for each other
		return nil
	})
	worker.On(w, func(ctx context.Context, b scaleBall) error {
		if b.N != balls || b.Check != b.N*b.N {
			return fmt.Errorf("ball %+v came as number %d", b, balls)
		}
		if balls++; balls < bothWays {
			return nil
		}
		_, err := worker.Send(ctx, w, worker.Name("scale-marshal"), scaleDone{balls})
		return err
	})
	worker.On(w, func(context.Context, scaleLeave) error { return worker.Stop })
	worker.On(w, func(ctx context.Context, target scaleTarget) error {
		for _, id := range target.IDs {
			if id == w.ID() {
				continue
			}
			if _, err := worker.Send(ctx, w, id, scaleHello{int64(w.ID())}); err != nil {
				return err
			}
		}
		return nil
	})
	return w.Serve(ctx)
})

// play sends all balls to another.
func play(ctx context.Context, w *worker.Worker, with worker.ID) {
	for n := range int64(bothWays) {
		if _, err := worker.Send(ctx, w, with, scaleBall{n, n * n}); err != nil {
			panic(err)
		}
	}
}

// crowdMarshal leads a crowd through its parts.
var crowdMarshal = worker.Define("scale-marshal", func(ctx context.Context, w *worker.Worker, size int) error {
	crowd := w.Lookup("scale-member")
	if len(crowd) != size {
		return fmt.Errorf("a crowd of %d, want %d", len(crowd), size)
	}
	if n, err := worker.Send(ctx, w, crowd, scaleTarget{crowd}); err != nil || n != size {
		return fmt.Errorf("told %d of %d whom to greet: %w", n, size, err)
	}
	met, done := 0, 0
	worker.On(w, func(context.Context, scaleMet) error {
		if met++; met == size {
			return worker.Stop
		}
		return nil
	})
	worker.On(w, func(context.Context, scaleDone) error {
		if done++; done == 2 {
			return worker.Stop
		}
		return nil
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	if _, err := w.Input(ctx, "all have met"); err != nil {
		return err
	}
	for i, id := range crowd[:2] {
		if _, err := worker.Send(ctx, w, id, scaleDuel{crowd[1-i]}); err != nil {
			return err
		}
	}
	if err := w.Serve(ctx); err != nil {
		return err
	}
	if n, err := worker.Send(ctx, w, crowd, scaleLeave{}); err != nil || n != size {
		return fmt.Errorf("sent %d of %d away: %w", n, size, err)
	}
	return nil
})

// runCrowd runs a crowd and returns the memory of all processes when everybody
// had met everybody.
func runCrowd(t *testing.T, size int) int64 {
	t.Helper()
	var memory int64
	var met time.Time
	var stdout, stderr faultOutput
	s := supervisor.New(supervisor.WithStdout(&stdout), supervisor.WithStderr(&stderr),
		supervisor.WithInput(func(context.Context, string, string) (string, error) {
			met = time.Now()
			children := childrenOf(t, os.Getpid())
			if len(children) != size+1 {
				t.Errorf("%d workers live, want %d", len(children), size+1)
			}
			for _, pid := range append(children, os.Getpid()) {
				memory += proportionalSize(t, pid)
			}
			return "", nil
		}))
	for i := range size + 1 {
		spec := crowdMember.Spec(size)
		if i == size {
			spec = crowdMarshal.Spec(size)
		}
		if _, err := s.Add(spec); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), scaleWait)
	defer cancel()
	start := time.Now()
	if err := s.Run(ctx); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
	stats := s.Stats()
	t.Logf("%d workers: everybody had met everybody after %v, two had exchanged %d messages each way and all had ended after %v; %d MiB, %+v",
		size, met.Sub(start).Round(time.Millisecond), bothWays, time.Since(start).Round(time.Millisecond), memory>>20, stats)
	if stats.Rescued != 0 {
		t.Errorf("%d workers slept with mail", stats.Rescued)
	}
	if stats.Undelivered != 0 {
		t.Errorf("%d messages were not delivered", stats.Undelivered)
	}
	return memory
}

// proportionalSize returns a process's memory in bytes; pages that several
// processes map are divided among them.
func proportionalSize(t *testing.T, pid int) int64 {
	file, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			if err != nil {
				t.Error(err)
			}
			return kib << 10
		}
	}
	t.Errorf("no Pss of process %d", pid)
	return 0
}

func TestFortyWorkersAllTalkToEachOther(t *testing.T) {
	if memory := runCrowd(t, scaleSome); memory <= 0 || memory > memoryMax {
		t.Errorf("all processes take %d bytes, want less than %d", memory, int64(memoryMax))
	}
}

// TestTwoHundredWorkersAllTalkToEachOther runs once; RINGMASTER_SCALE=10 makes
// it ten times.
func TestTwoHundredWorkersAllTalkToEachOther(t *testing.T) {
	if testing.Short() {
		t.Skip("starts 201 processes")
	}
	times := 1
	if text := os.Getenv(scaleEnv); text != "" {
		var err error
		if times, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", scaleEnv, err)
		}
	}
	for range times {
		if memory := runCrowd(t, scaleMany); memory <= 0 || memory > memoryMax {
			t.Errorf("all processes take %d bytes, want less than %d", memory, int64(memoryMax))
		}
	}
}
