package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/supervisor/internal/proc"
	"github.com/ringmaster-ipc/ringmaster/worker"
	"github.com/ringmaster-ipc/ringmaster/worker/control"
)

// member is one worker under supervision. Its fields are touched by the
// goroutine of Run alone once the run has begun.
type member struct {
	id    worker.ID
	spec  worker.Spec
	cores []int
	build uint64

	incarnation uint32
	inbox       *shm.Segment
	outbox      *shm.Segment
	process     *proc.Process
	conn        *control.Conn

	connected bool
	told      bool // to end
	ended     bool // reaped, and everything it left has been dealt with
	orderly   bool // it said that it ends in order
	failure   *control.Failure
	limit     *time.Timer // for the handshake
}

// label is how people know the worker: its name, else its kind, else its binary.
func label(spec worker.Spec) string {
	switch {
	case spec.Name != "":
		return spec.Name
	case spec.Kind != "":
		return spec.Kind
	}
	return filepath.Base(spec.Path)
}

func (m *member) label() string { return label(m.spec) }

// launch is what starting a process needs besides its spec.
type launch struct {
	spawner *proc.Spawner
	stdout  proc.LineFunc
	stderr  proc.LineFunc
}

// start starts the process of a spec with the files it inherits after the
// control socket and the arguments, and returns the supervisor's end.
func (l *launch) start(spec worker.Spec, slot int, cores []int, inherit ...*os.File) (*proc.Process, *control.Conn, error) {
	conn, theirs, err := control.Pair()
	if err != nil {
		return nil, nil, err
	}
	defer theirs.Close()
	args, err := argsFile(spec.Args)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	defer args.Close()

	path, argv := spec.Path, []string{spec.Path}
	if path == "" {
		path = selfPath
		argv = []string{fmt.Sprintf("%s: %s#%d", filepath.Base(os.Args[0]), spec.Kind, slot)}
	}
	procs := spec.MaxProcs
	if procs == 0 {
		procs = defaultMaxProcs
	}
	process, err := l.spawner.Start(proc.Command{
		Path: path, Args: append(argv, spec.Argv...), Dir: spec.Dir, Cores: cores, MaxProcs: procs,
		Env:    append(append(os.Environ(), spec.Env...), control.Env+"=1"),
		Files:  append([]*os.File{theirs, args}, inherit...),
		Stdout: l.stdout, Stderr: l.stderr, SweepGroup: true,
	})
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("supervisor: worker %q: %w", label(spec), err)
	}
	return process, conn, nil
}

// defaultMaxProcs is GOMAXPROCS of a worker: one processor for the goroutine
// that receives and one for everything else. Left to itself, Go would take 1
// for a process pinned to one core, and a receiver that spins would then keep
// the garbage collector waiting.
const defaultMaxProcs = 2

// argsFile returns the encoded start arguments as an anonymous file.
func argsFile(args []byte) (*os.File, error) {
	s, err := shm.Create("args", shm.Header{Kind: shm.KindBlob, Size: int64(shm.HeaderSize + len(args))})
	if err != nil {
		return nil, err
	}
	copy(s.Bytes()[shm.HeaderSize:], args)
	s.Publish()
	s.Unmap()
	return s.File(), nil
}

// greet waits for the worker's hello and checks it.
func greet(conn *control.Conn, who string) (control.Hello, error) {
	frame, _, err := conn.Receive()
	if err != nil {
		return control.Hello{}, fmt.Errorf("supervisor: worker %q ended before it had connected; is the program a ringmaster worker, with worker.Main first in main? (%w)", who, err)
	}
	if frame.Kind != control.KindHello || frame.Hello == nil {
		return control.Hello{}, fmt.Errorf("supervisor: worker %q: %w: expected a hello, got %q", who, control.ErrFrame, frame.Kind)
	}
	return *frame.Hello, control.CheckVersion(fmt.Sprintf("worker %q", who), frame.Hello.Version, frame.Hello.Layout, shm.Version)
}

// welcome is the answer to a worker's hello.
func (s *Supervisor) welcome(m *member) control.Welcome {
	return control.Welcome{
		Version: control.Version, Layout: shm.Version, Supervised: true,
		Slot: m.id.Slot(), Incarnation: m.incarnation, ID: uint64(m.id),
		Name: m.spec.Name, Worker: m.spec.Kind, Resident: m.spec.IsResident, Cores: m.cores,
		Wait: m.spec.Wait, Fenced: s.fenced, SupervisorPID: os.Getpid(), Build: m.build,
		MaxMessage: s.options.maxMessage, ArgsSize: int64(len(m.spec.Args)),
	}
}

// row is what the directory says of the member.
func (m *member) row(state uint32) ring.Row {
	r := ring.Row{ID: uint64(m.id), State: state, Incarnation: m.incarnation, Kind: m.spec.Kind, Name: m.spec.Name}
	if m.spec.IsResident {
		r.Flags |= ring.RowResident
	}
	if m.process != nil {
		r.PID = uint32(m.process.Pid())
	}
	r.Inbox = uint32(m.inbox.File().Fd())
	r.Outboxes[0] = ring.OutboxRef{Incarnation: m.incarnation, Descriptor: uint32(m.outbox.File().Fd())}
	return r
}
