package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/worker/control"
)

// isParent is set by package supervisor: a program that links it starts workers,
// and Main returns in it.
var isParent atomic.Bool

// AllowParent makes Main return in a process that no supervisor started. It is
// used by package supervisor.
func AllowParent() { isParent.Store(true) }

// Main runs the worker and ends the process, if a supervisor started it. In the
// process of a program that starts workers itself it returns at once. It must
// come first in main (in tests: in TestMain).
//
// A program that cannot start workers, since it does not use package
// supervisor, is a worker binary: started by hand it says so and exits with
// status 2.
func Main() {
	if _, started := os.LookupEnv(control.Env); started {
		os.Unsetenv(control.Env)
		os.Exit(run())
	}
	if isParent.Load() {
		return
	}
	name := filepath.Base(os.Args[0])
	fmt.Fprintf(os.Stderr, "%s is a ringmaster worker (it defines: %s) and cannot be started by hand.\n"+
		"Start it from a Go program that calls supervisor.Run with supervisor.Exec(%q).\n",
		name, strings.Join(Kinds(), ", "), os.Args[0])
	os.Exit(2)
}

// Exit statuses of a worker process.
const (
	exitOrderly = 0
	exitFailed  = 1
	exitBroken  = 3 // it could not even report why
)

// run is the life of a worker process.
func run() int {
	link, err := join()
	if err != nil {
		fmt.Fprintf(os.Stderr, "ringmaster worker: %v\n", err)
		return exitBroken
	}
	return link.report(link.live())
}

// report tells the supervisor how the worker ends, and returns the exit status.
func (l *link) report(failure *control.Failure) int {
	frame := control.Frame{Kind: control.KindEnded}
	if failure != nil {
		failure.Trim()
		frame = control.Frame{Kind: control.KindFailed, Failure: failure}
	}
	if err := l.conn.Send(frame, nil); err != nil {
		return exitBroken
	}
	if failure != nil {
		return exitFailed
	}
	return exitOrderly
}

// link is a worker process's connection to its supervisor.
type link struct {
	conn    *control.Conn
	welcome control.Welcome
	files   *files
	cancel  context.CancelCauseFunc
	over    atomic.Bool // the run is over: how this worker ends is nobody's concern
}

// errGoexit is the failure of a body that neither returned nor panicked.
var errGoexit = errors.New("the worker's goroutine was ended by runtime.Goexit, as t.Fatal and t.FailNow do; return an error instead")

// errRunOver is the cause of the worker's context once the run is over.
var errRunOver = fmt.Errorf("worker: the run is over: %w", context.Canceled)

// join shakes hands with the supervisor.
func join() (*link, error) {
	conn, err := control.New(os.NewFile(control.FDControl, "control"))
	if err != nil {
		return nil, err
	}
	hello := control.Hello{Version: control.Version, Layout: shm.Version, PID: os.Getpid(), Kinds: Kinds()}
	if err := conn.Send(control.Frame{Kind: control.KindHello, Hello: &hello}, nil); err != nil {
		return nil, err
	}
	frame, _, err := conn.Receive()
	if err != nil {
		return nil, err
	}
	if frame.Kind != control.KindWelcome || frame.Welcome == nil {
		return nil, fmt.Errorf("%w: expected a welcome, got %s", control.ErrFrame, frame.Kind)
	}
	l := &link{conn: conn, welcome: *frame.Welcome}
	l.files = newFiles(conn, l.welcome.SupervisorPID)
	return l, nil
}

// live runs the worker and returns how it failed, nil if it did not.
func (l *link) live() (failure *control.Failure) {
	start := func(err error) *control.Failure { return failed("start", err, "") }
	if err := control.CheckVersion("the supervisor", l.welcome.Version, l.welcome.Layout, shm.Version); err != nil {
		return start(err)
	}
	definition, err := find(l.welcome.Worker)
	if err != nil {
		return start(err)
	}
	args, err := readArgs(l.welcome.ArgsSize)
	if err != nil {
		return start(err)
	}
	w, err := l.attach(definition.name)
	if err != nil {
		return start(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	l.cancel = cancel
	go l.listen(w)

	returned := false
	defer func() {
		switch v := recover(); {
		case v != nil:
			failure = failed("panic", fmt.Errorf("%v", v), userStack(string(debug.Stack())))
		case !returned:
			// Goexit ends this goroutine and not the process: nobody comes
			// after this function to report it.
			os.Exit(l.report(failed("exit", errGoexit, userStack(string(debug.Stack())))))
		}
	}()
	debug.SetPanicOnFault(true) // writing to a received view is a fault: make it a panic with a stack
	err = definition.run(ctx, w, args)
	if err == nil && l.welcome.Resident && !w.ending.Load() && w.Supervised() {
		err = w.Serve(ctx) // a resident needs no body but its handlers
	}
	if err == nil || errors.Is(err, Stop) {
		err = w.Shut(ctx)
	}
	returned = true
	if err == nil || errors.Is(err, Stop) || l.over.Load() {
		return nil
	}
	reason := "error"
	if errors.Is(err, ErrUnhandled) {
		reason = "unhandled"
	}
	return failed(reason, err, fmt.Sprintf("returned by worker kind %q:\n%s\n", definition.name, definition.function))
}

func failed(reason string, err error, stack string) *control.Failure {
	return &control.Failure{Reason: reason, Text: err.Error(), Stack: stack, Sentinels: sentinelTexts(err)}
}

// readArgs reads the encoded start arguments.
func readArgs(size int64) ([]byte, error) {
	file := os.NewFile(control.FDArgs, "args")
	defer file.Close()
	args := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(file, shm.HeaderSize, size), args); err != nil {
		return nil, fmt.Errorf("worker: start arguments: %w", err)
	}
	return args, nil
}

// attach maps the worker's memory and makes it a member of the run.
func (l *link) attach(kind string) (*Worker, error) {
	c := Config{
		ID: ID(l.welcome.ID), Name: l.welcome.Name, Kind: kind, Build: l.welcome.Build, Incarnation: l.welcome.Incarnation,
		Cores: l.welcome.Cores, Resident: l.welcome.Resident, MaxMessage: l.welcome.MaxMessage,
	}
	if !l.welcome.Supervised {
		return alone(c), nil
	}
	directory, err := shm.Open(os.NewFile(control.FDDirectory, "directory"), "directory", shm.KindDirectory, false)
	if err != nil {
		return nil, err
	}
	geometry, err := ring.GeometryFrom(directory.Header().Params)
	if err != nil {
		return nil, err
	}
	bells, err := shm.Open(os.NewFile(control.FDBells, "bells"), "bells", shm.KindBells, true)
	if err != nil {
		return nil, err
	}
	inbox, err := shm.Open(os.NewFile(control.FDInbox, "inbox"), "inbox", shm.KindInbox, true)
	if err != nil {
		return nil, err
	}
	outbox, err := shm.Open(os.NewFile(control.FDOutbox, "outbox"), "outbox", shm.KindOutbox, true)
	if err != nil {
		return nil, err
	}
	if err := outbox.SealWrites(); err != nil {
		return nil, err
	}
	if !l.welcome.Fenced {
		if err := ring.RegisterBarrier(); err != nil {
			return nil, fmt.Errorf("worker: the supervisor relies on barriers that this process cannot have: %w", err)
		}
	}
	if c.Directory, err = ring.NewDirectory(directory.Bytes(), geometry); err != nil {
		return nil, err
	}
	for _, s := range []*shm.Segment{directory, bells, inbox} {
		s.Forget()
	}
	c.Open, c.Files = l.files.open, l.files
	c.Port = ring.Config{
		Geometry: geometry, Slot: l.welcome.Slot, Index: l.welcome.Index, Wait: l.welcome.Wait, Fenced: l.welcome.Fenced,
		Outbox: outbox.Bytes(), Inbox: inbox.Bytes(), Bells: bells.Bytes(), Allocate: outbox.Allocate,
	}
	w, err := Attach(c)
	if err != nil {
		return nil, err
	}
	w.config.Corrupt = func(err error) { // the rest goes on; people get to know
		_ = sendSystem(context.Background(), w, Trouble{err.Error()})
	}
	w.port.SetState(ring.StateConnected)
	return w, nil
}

// listen takes the supervisor's frames. When the supervisor is gone this process
// must not outlive it.
func (l *link) listen(w *Worker) {
	for {
		frame, file, err := l.conn.Receive()
		if err != nil {
			os.Exit(exitBroken)
		}
		switch frame.Kind {
		case control.KindStop:
			w.Finish()
		case control.KindCancel:
			l.over.Store(true)
			l.cancel(errRunOver)
		case control.KindReply:
			l.files.answer(frame, file)
		}
	}
}
