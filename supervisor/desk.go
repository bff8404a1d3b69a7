package supervisor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/supervisor/internal/proc"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// desk is the supervisor as a member of its own run, in slot 0: what workers
// print, log, ask and emit arrives here like any message.
type desk struct {
	w      *worker.Worker
	s      *Supervisor
	done   chan struct{}
	inputs chan inputRequest
	cancel context.CancelFunc

	answering sync.Mutex // held while an input is answered, and at the end

	inbox []byte
	view  ring.OutboxView
}

type inputRequest struct {
	caller worker.Caller
	from   string
	prompt string
}

// pendingInputs is how many workers may wait for input before a further one
// holds up the desk. There is one request per waiting goroutine.
const pendingInputs = 1024

func (s *Supervisor) newDesk() (*desk, error) {
	inbox, err := s.memory.newInbox(0, s.selfID)
	if err != nil {
		return nil, err
	}
	outbox, err := s.memory.newOutbox(0, 1, s.selfID)
	if err != nil {
		return nil, err
	}
	s.memory.table.Set(0, ring.Row{
		ID: uint64(worker.SupervisorID), State: ring.RowAdded, Incarnation: 1, PID: uint32(os.Getpid()), Kind: "supervisor",
		Inbox:    uint32(inbox.File().Fd()),
		Outboxes: [ring.OutboxesPerSlot]ring.OutboxRef{{Incarnation: 1, Descriptor: uint32(outbox.File().Fd())}},
	})
	d := &desk{s: s, done: make(chan struct{}), inputs: make(chan inputRequest, pendingInputs), inbox: inbox.Bytes(), view: ring.OutboxView{Memory: outbox.Bytes()}}
	d.w, err = worker.Attach(worker.Config{
		ID: worker.SupervisorID, Kind: "supervisor", Build: s.selfID, Incarnation: 1, MaxMessage: s.options.maxMessage,
		Directory: s.memory.table, Files: s.keeper,
		Open: func(descriptor uint32) (*os.File, error) { return shm.OpenShared(os.Getpid(), int(descriptor)) },
		Port: ring.Config{
			Geometry: s.memory.geometry, Wait: ring.Block, Fenced: s.fenced,
			Outbox: outbox.Bytes(), Inbox: inbox.Bytes(), Bells: s.memory.bells.Bytes(), Allocate: outbox.Allocate,
		},
		Unhandled: d.unknownObject,
		Corrupt:   func(err error) { s.report("%v", err) },
	})
	if err != nil {
		return nil, err
	}
	d.register()
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	go d.serve(ctx)
	go d.answerInputs(ctx)
	return d, nil
}

// register registers the handlers for what workers say.
func (d *desk) register() {
	worker.On(d.w, func(_ context.Context, line worker.PrintLine) error {
		d.print(string(line))
		return nil
	})
	worker.On(d.w, func(ctx context.Context, r worker.LogRecord) error { return d.log(ctx, r) })
	worker.On(d.w, func(_ context.Context, m worker.InvalidMessage) error {
		if !d.s.hushed.Load() { // in a run that is over all targets end
			d.s.invalid(m.Message, m.Reason)
		}
		return nil
	})
	worker.On(d.w, func(_ context.Context, m worker.Trouble) error {
		d.s.report("worker %q: %s", d.w.Current().FromName, m.Text)
		return nil
	})
	worker.On(d.w, func(_ context.Context, m worker.Leftover) error {
		d.s.undelivered(uint64(m.Messages), d.w.Current().FromName, d.w.Current().From)
		return nil
	})
	worker.On(d.w, func(_ context.Context, r worker.InputRequest) error {
		d.inputs <- inputRequest{caller: d.w.Caller(), from: d.w.Current().FromName, prompt: r.Prompt}
		return nil
	})
	for _, object := range d.s.options.objects {
		object(d.w)
	}
}

func (d *desk) serve(ctx context.Context) {
	defer close(d.done)
	for {
		err := d.w.Serve(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		// A worker's message that cannot be read is its sender's mistake; the
		// run goes on, and people get to know.
		d.s.report("%v", err)
	}
}

// close handles everything that workers had sent, and ends the desk.
func (d *desk) close() {
	d.w.Finish()
	<-d.done
	if err := d.w.Shut(context.Background()); err != nil {
		d.s.report("%v", err)
	}
	d.cancel()
	d.answering.Lock() // an answer under way ends with its context
	defer d.answering.Unlock()
	d.w.Close()
}

func (d *desk) print(line string) {
	if d.s.options.print != nil {
		d.s.options.print(d.w.Current().From, line)
		return
	}
	d.s.writeLine(d.s.options.stdout, line)
}

func (d *desk) log(ctx context.Context, r worker.LogRecord) error {
	logger := d.s.options.logger
	if logger == nil {
		logger = slog.Default()
	}
	if !logger.Enabled(ctx, slog.Level(r.Level)) {
		return nil
	}
	var at time.Time
	if r.Time != 0 {
		at = time.Unix(0, r.Time)
	}
	record := slog.NewRecord(at, slog.Level(r.Level), r.Message, 0)
	record.AddAttrs(slog.String("worker", d.w.Current().FromName))
	for _, a := range r.Attrs {
		record.AddAttrs(a.Attr())
	}
	if err := logger.Handler().Handle(ctx, record); err != nil {
		d.s.report("log of worker %q: %v", d.w.Current().FromName, err)
	}
	return nil
}

// unknownObject is called for an object that no handler takes.
func (d *desk) unknownObject(_ worker.Envelope, text string) {
	d.s.invalid(text, "Unknown object sent to supervisor: "+text)
}

// answerInputs serves one worker's input at a time, apart from the desk's
// messages: who waits for a line holds up nobody else.
func (d *desk) answerInputs(ctx context.Context) {
	input := d.s.options.input
	if input == nil {
		input = d.readLine(bufio.NewReader(d.s.options.stdin))
	}
	for {
		select {
		case r := <-d.inputs:
			text, err := input(ctx, r.from, r.prompt)
			d.answer(ctx, r, text, err)
		case <-ctx.Done():
			return
		}
	}
}

// answer sends an input line to who asked for it, unless the run has ended while
// the line was awaited: the desk's memory is gone then.
func (d *desk) answer(ctx context.Context, r inputRequest, text string, err error) {
	d.answering.Lock()
	defer d.answering.Unlock()
	if ctx.Err() != nil {
		return
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = worker.ReplyError(ctx, d.w, r.caller, err)
	} else {
		err = worker.Reply(ctx, d.w, r.caller, worker.InputLine{Text: text, EOF: err != nil})
	}
	if err != nil && ctx.Err() == nil {
		d.s.report("input for worker %q: %v", r.from, err)
	}
}

// readLine reads input lines where the program has no handler of its own.
func (d *desk) readLine(in *bufio.Reader) InputFunc {
	return func(_ context.Context, _, prompt string) (string, error) {
		d.s.write(d.s.options.stdout, prompt)
		text, err := in.ReadString('\n')
		if text != "" {
			err = nil // a last line without a newline is a line
		}
		return strings.TrimRight(text, "\r\n"), err
	}
}

// counters are what a supervisor counts over its life.
type counters struct {
	requests    atomic.Uint64
	undelivered atomic.Uint64
	writing     sync.Mutex
}

func (s *Supervisor) writeLine(w io.Writer, line string) { s.write(w, line+"\n") }

// write writes in one call and never beside another one.
func (s *Supervisor) write(w io.Writer, text string) {
	s.stats.writing.Lock()
	defer s.stats.writing.Unlock()
	// There is nobody to tell if standard output is gone.
	_, _ = io.WriteString(w, text)
}

// report tells people what went wrong without ending the run.
func (s *Supervisor) report(format string, args ...any) {
	s.writeLine(s.options.stderr, "ringmaster: "+fmt.Sprintf(format, args...))
}

// invalid tells of a message that went nowhere.
func (s *Supervisor) invalid(message, reason string) {
	s.writeLine(s.options.stderr, "ERROR: Supervisor; Invalid message received;\n  "+message+":\n  "+reason)
}

// lines passes on what a worker writes to its own standard output or error.
func (s *Supervisor) lines(m *member, w io.Writer) proc.LineFunc {
	prefix := m.label() + ": "
	return func(line string) { s.writeLine(w, prefix+line) }
}
