package worker_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

const (
	rounds  = 200
	flowing = 5000
)

// returner replies to pings, then counts a flow of steps, and makes garbage
// with each.
var returner = define("returner", func(ctx context.Context, w *worker.Worker) error {
	worker.Answer(w, func(_ context.Context, q double) (int64, error) { return 2 * q.N, nil })
	var garbage []byte
	next := int64(0)
	worker.On(w, func(_ context.Context, s step) error {
		garbage = make([]byte, 1024)
		same("step", s.N, next)
		if next++; next == flowing {
			w.Print(runtime.GOMAXPROCS(0), os.Getenv("GOGC"), len(garbage))
			return worker.Stop
		}
		return nil
	})
	return w.Serve(ctx)
})

var pinger = define("pinger", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "returner")
	for i := range int64(rounds) {
		same("reply", must1(worker.Call[int64](ctx, w, to, double{i})), 2*i)
	}
	handle := must1(worker.SenderTo[step](w, to))
	for i := range int64(flowing) {
		must(handle.Send(ctx, step{0, i}))
	}
	return nil
})

func TestEveryWayOfWaitingWorksWithOneProcessorAndUnderCollection(t *testing.T) {
	for _, strategy := range []ring.Strategy{ring.Adaptive, ring.Spin, ring.Yield, ring.Block, ring.Poll} {
		for _, procs := range []int{1, 2} {
			for _, gogc := range []string{"1", "100"} {
				t.Run(fmt.Sprintf("%v, %d processors, GOGC %s", strategy, procs, gogc), func(t *testing.T) {
					tune := func(spec worker.Spec) worker.Spec {
						spec.MaxProcs = procs
						return spec.Waiting(strategy).WithEnv("GOGC=" + gogc)
					}
					printed(t, run(t, nil, tune(returner), tune(pinger)), fmt.Sprintf("%d %s 1024", procs, gogc))
				})
			}
		}
	}
}

func TestWorkersOnOneCoreTalkToEachOther(t *testing.T) {
	for _, strategy := range []ring.Strategy{ring.Adaptive, ring.Block, ring.Yield} {
		core := must1(allowedCore())
		on := func(spec worker.Spec) worker.Spec { return spec.OnCore(core).Waiting(strategy) }
		printed(t, run(t, nil, on(returner), on(pinger)), "2  1024")
	}
}

func TestWorkersTalkWithFencesInPlaceOfBarriers(t *testing.T) {
	printed(t, run(t, []supervisor.Option{supervisor.WithFences()}, returner, pinger), "2  1024")
	run(t, []supervisor.Option{supervisor.WithFences()}, counter, manyStreams)
}

// allowedCore returns a core that this process may run on.
func allowedCore() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, list, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	first := strings.FieldsFunc(list, func(r rune) bool { return r < '0' || r > '9' })
	if len(first) == 0 {
		return 0, fmt.Errorf("no core in %q", list)
	}
	return strconv.Atoi(first[0])
}

// idler has nothing to do and says which process does it.
var idler = define("idler", func(ctx context.Context, w *worker.Worker) error {
	w.Ready()
	must(worker.Emit(ctx, w, os.Getpid()))
	return servesUntilGoodbye(ctx, w)
})

// overseer ends the idler when the test has seen enough.
var overseer = define("overseer", func(ctx context.Context, w *worker.Worker) error {
	must1(w.Input(ctx, ""))
	send(ctx, w, worker.Name("idler"), goodbye{})
	return nil
})

func TestIdleWorkerUsesNoProcessorTime(t *testing.T) {
	const window = 500 * time.Millisecond
	for _, strategy := range []ring.Strategy{ring.Adaptive, ring.Block} {
		pids, done := make(chan int, 1), make(chan struct{})
		opts := []supervisor.Option{
			supervisor.OnObject(func(_ worker.ID, pid int) { pids <- pid }),
			supervisor.WithInput(func(ctx context.Context, _, _ string) (string, error) {
				<-done
				return "", nil
			}),
		}
		var used time.Duration
		go func() {
			defer close(done)
			pid := <-pids
			time.Sleep(window / 5) // it has come to rest by then
			before := processorTime(t, pid)
			time.Sleep(window)
			used = processorTime(t, pid) - before
		}()
		run(t, opts, idler.Waiting(strategy), overseer)
		if used > window/20 {
			t.Errorf("a %v worker without mail used %v in %v", strategy, used, window)
		}
	}
}

// processorTime returns the processor time a process has used, in ticks of 10
// milliseconds.
func processorTime(t *testing.T, pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Error(err)
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
