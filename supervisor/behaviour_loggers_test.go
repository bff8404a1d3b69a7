package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
	"github.com/ringmaster-ipc/ringmaster/worker/logger"
)

// Loggers, and how fast a message wakes a worker: MT62 to MT64.

// auditor is types and a function, and nothing else.
var auditor = logger.Func("auditor", func(e logger.Entry) error {
	e.Worker.Print("AUDIT", os.Getpid(), e)
	return nil
}, logger.Of[number](), logger.Of[worker.StringMessage]())

var trader = play("trader", func(ctx context.Context, w *worker.Worker) error {
	if err := awaitAll(ctx, w, "auditor"); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.Name("number-hand"), number{7}); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.Name("square-hand"), Square{1}); err != nil { // not to be logged
		return err
	}
	_, err := worker.Send(ctx, w, worker.Name("string-hand"), worker.StringMessage{Text: "sold"})
	return err
})

func TestMT62ALoggerIsAResidentWithTypesAndALogFunction(t *testing.T) {
	st := newStage(t)
	st.add(auditor.Spec())
	for _, kind := range []worker.Kind[worker.None]{numberHand, squareHand, stringHand} {
		st.add(kind.Spec(worker.None{}).Resident())
	}
	from := st.add(trader.Spec(worker.None{}))
	st.mustRun()
	sender := st.only("trader").PID
	var pid int
	if _, err := fmt.Sscanf(st.stdout.String(), "AUDIT %d", &pid); err != nil || pid == sender || pid == os.Getpid() || lives(pid) {
		t.Errorf("the log function ran in process %d, the sender in %d, the test in %d (%v)", pid, sender, os.Getpid(), err)
	}
	const module = "github.com/ringmaster-ipc/ringmaster/"
	wantText(t, "standard output", st.stdout.String(), fmt.Sprintf(
		"AUDIT %d trader (id %v): %ssupervisor.number {7}\nAUDIT %d trader (id %v): %sworker.StringMessage {sold}\n",
		pid, from, module, pid, from, module))
	st.want("square-hand", 1, "{1}")
}

var debugLog = logger.Debug("debug-log")

// secret is a type that only its sender and its receiver know.
type secret struct {
	Code  string
	Parts []int
}

// chatterbox sends a message of every kind of type, one of them by each way.
var chatterbox = play("chatterbox", func(ctx context.Context, w *worker.Worker) error {
	if err := awaitAll(ctx, w, "debug-log"); err != nil {
		return err
	}
	to := worker.Name("all-hand")
	if _, err := worker.Send(ctx, w, to, number{7}); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, to, worker.EmptyMessage{}); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.Broadcast, worker.StringMessage{Text: "two\nlines"}); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, to, []byte("raw")); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.Listeners, map[string]int{"a": 1}); err != nil {
		return err
	}
	_, err := worker.Send(ctx, w, to, secret{Code: "x", Parts: []int{1, 2}})
	return err
})

var allHand = worker.Define("all-hand", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	n := 0
	worker.On(w, func(context.Context, number) error { n++; return nil })
	worker.On(w, func(context.Context, worker.EmptyMessage) error { n++; return nil })
	worker.On(w, func(context.Context, worker.StringMessage) error { n++; return nil })
	worker.On(w, func(context.Context, []byte) error { n++; return nil })
	worker.On(w, func(context.Context, secret) error { n++; return nil })
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return tell(ctx, w, n, "")
})

func TestMT63TheDebugLoggerPrintsEveryMessageThatFlows(t *testing.T) {
	st := newStage(t)
	st.add(debugLog.Spec())
	st.add(allHand.Spec(worker.None{}).Resident())
	from := st.add(chatterbox.Spec(worker.None{}))
	st.mustRun()
	st.only("chatterbox")
	st.want("all-hand", 5, "")
	want := ""
	for _, text := range []string{
		"MODULE/supervisor.number {N:7}",
		"MODULE/worker.EmptyMessage {}",
		`MODULE/worker.StringMessage {Text:"two\nlines"}`,
		`[]uint8 "raw"`,
		"map[string]int map[a:1]",
		"MODULE/supervisor.secret {Code:x Parts:[1 2]}",
	} {
		want += fmt.Sprintf("chatterbox (id %v): %s\n", from, strings.ReplaceAll(text, "MODULE", "github.com/ringmaster-ipc/ringmaster"))
	}
	wantText(t, "standard output", st.stdout.String(), want)
}

// trips is how many trips to a parked worker are measured.
const trips = 101

// stamp says when it was sent, in Unix nanoseconds.
type stamp struct{ Nanos int64 }

// sleeper measures how long messages are on their way, of those that found it
// asleep: its port had parked since the one before.
var sleeper = worker.Define("sleeper", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	var nanos []int64
	parks := w.Port().Parks()
	worker.On(w, func(_ context.Context, m stamp) error {
		now := time.Now().UnixNano()
		if p := w.Port().Parks(); p > parks && len(nanos) < trips {
			parks = p
			nanos = append(nanos, now-m.Nanos)
		}
		if len(nanos) == trips {
			return worker.Stop
		}
		return nil
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	slices.Sort(nanos)
	return tell(ctx, w, len(nanos), time.Duration(nanos[trips/2]).String())
})

// waker sends a stamp every millisecond, which leaves the sleeper the time to
// fall asleep, until the sleeper has had enough.
var waker = play("waker", func(ctx context.Context, w *worker.Worker) error {
	if err := awaitAll(ctx, w, "sleeper"); err != nil {
		return err
	}
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for len(w.Lookup("sleeper")) > 0 {
		<-pace.C
		_, err := worker.TrySend(w, worker.Name("sleeper"), stamp{time.Now().UnixNano()})
		if err != nil && !errors.Is(err, worker.ErrTerminated) && !errors.Is(err, worker.ErrNoTarget) {
			return err
		}
	}
	return nil
})

func TestMT64AParkedWorkerIsWokenWithinAMillisecond(t *testing.T) {
	st := newStage(t)
	st.add(sleeper.Spec(worker.None{}).Waiting(ring.Block))
	st.add(waker.Spec(worker.None{}))
	st.mustRun()
	st.only("waker")
	r := st.only("sleeper")
	median, err := time.ParseDuration(r.Text)
	if err != nil || r.Count != trips || median <= 0 || median >= time.Millisecond {
		t.Errorf("the median of %d trips to a parked worker is %v (%v); want %d trips and less than %v", r.Count, median, err, trips, time.Millisecond)
	}
	t.Logf("median from send to the handler of a parked worker: %v", median)
}
