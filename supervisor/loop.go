package supervisor

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
	"github.com/ringmaster-ipc/ringmaster/worker/control"
)

// event is something that happened to a member, brought to the goroutine of
// Run. Exactly one of the fields says what.
type event struct {
	member  *member
	hello   *control.Hello
	frame   *control.Frame
	file    *os.File // with frame
	broken  error    // the handshake failed
	late    bool     // the handshake's time limit
	reaped  bool     // the process has ended, and its socket was read to the end
	kill    bool     // the time limit for ending
	quieted bool     // look whether the residents may end

	residents bool // they are ready: the others may run
}

// quietEvery is how often the supervisor looks whether residents have handled
// everything, once all others have ended.
const quietEvery = 2 * time.Millisecond

// loop runs until all members have ended.
func (s *Supervisor) loop(ctx context.Context, interrupts <-chan os.Signal) {
	done := ctx.Done()
	for s.live > 0 {
		select {
		case e := <-s.events:
			s.take(e)
		case m := <-s.added:
			s.addLate(m)
		case <-done:
			done = nil
			s.end(context.Cause(ctx))
		case sig := <-interrupts:
			if s.over {
				s.killAll()
				break
			}
			s.end(fmt.Errorf("%w (%v)", ErrInterrupted, sig))
		}
	}
}

// post brings an event to the loop, from any goroutine; after the loop has ended
// it is of no interest.
func (s *Supervisor) post(e event) {
	select {
	case s.events <- e:
	case <-s.ended:
	}
}

func (s *Supervisor) take(e event) {
	m := e.member
	switch {
	case e.hello != nil:
		s.connected(m)
	case e.broken != nil:
		s.refuse(m, e.broken)
	case e.late:
		if !m.connected && !m.ended {
			s.refuse(m, fmt.Errorf("%w: %v", ErrStartLimit, s.options.startLimit))
		}
	case e.frame != nil:
		s.frame(m, e.frame, e.file)
	case e.reaped:
		s.reaped(m)
	case e.kill:
		s.killAll()
	case e.quieted:
		s.endResidents()
	case e.residents:
		s.release()
	}
}

// enlist gives a member its memory and its place in the directory.
func (s *Supervisor) enlist(m *member) error {
	var err error
	if m.cores, err = s.cores.choose(m.spec, m.label()); err != nil {
		return err
	}
	m.build = s.selfID
	if m.spec.Path != "" {
		if m.build, err = buildOf(m.spec.Path); err != nil {
			return err
		}
	}
	if m.inbox, err = s.memory.newInbox(m.id.Slot(), m.build); err != nil {
		return err
	}
	if m.outbox, err = s.memory.newOutbox(m.id.Slot(), m.incarnation, m.build); err != nil {
		return err
	}
	s.memory.table.Set(m.id.Slot(), m.row(ring.RowAdded))
	s.watch.add(m)
	return nil
}

// start starts a member's process and reads its socket on a goroutine of its
// own.
func (s *Supervisor) start(m *member) {
	if s.over {
		return
	}
	directory, err := duplicate(s.memory.directory.File())
	if err != nil {
		s.fail(m, "start", "", err)
		return
	}
	defer directory.Close()
	l := launch{spawner: s.launch.spawner, stdout: s.lines(m, s.options.stdout), stderr: s.lines(m, s.options.stderr)}
	process, conn, err := l.start(m.spec, m.id.Slot(), m.cores, directory, s.memory.bells.File(), m.inbox.File(), m.outbox.File())
	if err != nil {
		s.fail(m, "start", "", err)
		return
	}
	s.mu.Lock()
	m.process, m.conn = process, conn // Workers may look at it from any goroutine
	s.mu.Unlock()
	s.live++
	if !m.spec.IsResident {
		s.keepers++
	}
	m.limit = time.AfterFunc(s.options.startLimit, func() { s.post(event{member: m, late: true}) })
	s.memory.table.Set(m.id.Slot(), m.row(ring.RowAdded))
	go s.follow(m)
}

// addLate starts a member that was added while the run was under way.
func (s *Supervisor) addLate(m *member) {
	if s.over {
		return
	}
	if err := s.enlist(m); err != nil {
		s.fail(m, "start", "", err)
		return
	}
	s.desk.w.Port().BumpAll()
	s.start(m)
}

// follow brings what a member says, and at last its end, to the loop.
func (s *Supervisor) follow(m *member) {
	hello, err := greet(m.conn, m.label())
	if err != nil {
		s.post(event{member: m, broken: err})
	} else {
		s.post(event{member: m, hello: &hello})
		for {
			frame, file, err := m.conn.Receive()
			if err != nil {
				break
			}
			s.post(event{member: m, frame: &frame, file: file})
		}
	}
	<-m.process.Done()
	s.post(event{member: m, reaped: true})
}

// connected takes a member's hello.
func (s *Supervisor) connected(m *member) {
	m.connected = true
	m.limit.Stop()
	if err := checkPin(m); err != nil {
		s.refuse(m, err)
		return
	}
	if m.spec.IsResident || s.released || s.over {
		s.admit(m)
		return
	}
	s.waiting = append(s.waiting, m)
}

// awaitResidents brings the news to the loop that all residents are ready, or
// that the time they have for it is over. It runs on a goroutine of its own.
func (s *Supervisor) awaitResidents(slots []int) {
	limit := time.NewTimer(s.options.startLimit)
	defer limit.Stop()
	port := s.desk.w.Port()
	for late := false; !late; {
		changed := port.Changed()
		ready := true
		for _, slot := range slots {
			state, err := port.PeerState(slot)
			ready = ready && err == nil && state >= ring.StateReady
		}
		if ready {
			break
		}
		select {
		case <-changed:
		case <-limit.C:
			late = true
		case <-s.ended:
			return
		}
	}
	s.post(event{residents: true})
}

// release admits the members that have waited for the residents.
func (s *Supervisor) release() {
	s.released = true
	for _, m := range s.waiting {
		if !m.ended {
			s.admit(m)
		}
	}
	s.waiting = nil
}

// admit answers a member's hello: from here on it runs.
func (s *Supervisor) admit(m *member) {
	welcome := s.welcome(m)
	if err := m.conn.Send(control.Frame{Kind: control.KindWelcome, Welcome: &welcome}, nil); err != nil {
		return // it has ended; the reaping says how
	}
	if s.over {
		_ = m.conn.Send(control.Frame{Kind: control.KindCancel}, nil)
	}
}

// refuse ends a process whose handshake failed.
func (s *Supervisor) refuse(m *member, err error) {
	s.fail(m, "start", "", err)
	_ = m.process.KillGroup()
}

// frame takes what a connected member says.
func (s *Supervisor) frame(m *member, f *control.Frame, file *os.File) {
	switch f.Kind {
	case control.KindEnded:
		m.orderly = true
	case control.KindFailed:
		m.failure = f.Failure
	case control.KindKeep:
		s.reply(m, f, s.keep(f, &file), nil)
	case control.KindDrop:
		s.keeper.Drop(f.Handle, m.id.Slot())
	case control.KindFetch:
		s.fetch(m, f)
	}
	if file != nil {
		file.Close()
	}
}

// keep takes over the file that came with a frame.
func (s *Supervisor) keep(f *control.Frame, file **os.File) control.Frame {
	s.stats.requests.Add(1)
	if *file == nil {
		return control.Frame{Error: "no descriptor came with the request"}
	}
	var slots []int
	for _, slot := range f.Slots {
		if slot == 0 || slot > 0 && slot <= len(s.snapshot()) && !s.snapshot()[slot-1].ended {
			slots = append(slots, slot)
		}
	}
	if len(slots) == 0 {
		return control.Frame{Error: "every receiver has ended"}
	}
	handle := s.keeper.keep(*file, slots)
	*file = nil
	return control.Frame{Handle: handle}
}

// fetch sends a descriptor that a member cannot open by itself.
func (s *Supervisor) fetch(m *member, f *control.Frame) {
	s.stats.requests.Add(1)
	switch {
	case f.Handle != 0:
		file, err := s.keeper.Take(f.Handle)
		if err != nil {
			s.reply(m, f, control.Frame{Error: err.Error()}, nil)
			return
		}
		s.reply(m, f, control.Frame{}, file)
		file.Close()
	case s.memory.holds(f.Descriptor) != nil:
		s.replyReadOnly(m, f, s.memory.holds(f.Descriptor).File())
	case s.keeper.find(f.Descriptor) != nil:
		s.replyReadOnly(m, f, s.keeper.find(f.Descriptor))
	default:
		s.reply(m, f, control.Frame{Error: fmt.Sprintf("descriptor %d is none of this run", f.Descriptor)}, nil)
	}
}

// replyReadOnly sends a read-only descriptor of a file.
func (s *Supervisor) replyReadOnly(m *member, f *control.Frame, file *os.File) {
	again, err := duplicate(file)
	if err != nil {
		s.reply(m, f, control.Frame{Error: err.Error()}, nil)
		return
	}
	defer again.Close()
	s.reply(m, f, control.Frame{}, again)
}

func (s *Supervisor) reply(m *member, request *control.Frame, answer control.Frame, file *os.File) {
	answer.Kind, answer.Seq = control.KindReply, request.Seq
	_ = m.conn.Send(answer, file) // if it fails the worker has ended
}

// reaped deals with the end of a member's process. No thread of it is left, so
// nothing it wrote changes any more.
func (s *Supervisor) reaped(m *member) {
	m.ended = true
	m.limit.Stop()
	m.conn.Close()
	s.live--
	if !m.spec.IsResident {
		s.keepers--
	}
	s.judge(m)

	slot := m.id.Slot()
	s.memory.table.Set(slot, m.row(ring.RowEnded))
	s.watch.remove(m)
	left := s.desk.w.Port().Bury(slot, m.inbox.Bytes())
	s.keeper.dropAll(slot)
	s.desk.w.Port().MarkDead(slot)
	s.reportUndelivered(m, left)

	if s.keepers == 0 && s.live > 0 && !s.over {
		s.endResidents()
	}
}

// judge decides whether a member ended in order.
func (s *Supervisor) judge(m *member) {
	exit := m.process.Exit()
	switch {
	case m.failure != nil:
		s.fail(m, m.failure.Reason, m.failure.Stack, worker.FailureError(m.failure))
	case m.orderly && exit.Success():
	case exit.Signal != 0:
		s.fail(m, "signal", "", fmt.Errorf("process %d was %v", m.process.Pid(), exit))
	default:
		s.fail(m, "exit", "", fmt.Errorf("process %d ended by itself (%v) without returning from the worker's body; os.Exit, log.Fatal and a panic in another goroutine do that", m.process.Pid(), exit))
	}
}

// end begins the end of the run: every worker's context is cancelled, and what
// has not ended after the limit is killed.
func (s *Supervisor) end(cause error) {
	if s.over {
		return
	}
	s.over, s.failure = true, cause
	s.hushed.Store(true)
	s.release() // whoever is kept waiting must learn of it
	for _, m := range s.snapshot() {
		if m.connected && !m.ended {
			_ = m.conn.Send(control.Frame{Kind: control.KindCancel}, nil)
		} else if m.process != nil && !m.ended {
			_ = m.process.KillGroup() // it has not come far enough to be told
		}
	}
	time.AfterFunc(s.options.stopLimit, func() { s.post(event{kill: true}) })
}

func (s *Supervisor) killAll() {
	for _, m := range s.snapshot() {
		if m.process != nil && !m.ended {
			_ = m.process.KillGroup()
		}
	}
}

// endResidents tells the residents to end once everything that was sent has been
// handled: two looks in a row find nothing under way and nothing sent between
// them.
func (s *Supervisor) endResidents() {
	if s.over || s.keepers > 0 {
		return
	}
	if !s.watch.quietTwice() {
		time.AfterFunc(quietEvery, func() { s.post(event{quieted: true}) })
		return
	}
	for _, m := range s.snapshot() {
		if m.connected && !m.ended && !m.told {
			m.told = true
			_ = m.conn.Send(control.Frame{Kind: control.KindStop}, nil)
		}
	}
}

// reportUndelivered counts what a member never handled.
func (s *Supervisor) reportUndelivered(m *member, left []ring.Remains) {
	total := 0
	for _, r := range left {
		total += r.Records
	}
	if total > 0 {
		s.undelivered(uint64(total), m.label(), m.id)
	}
}

// undelivered counts messages that were never handled. It says so in a run that
// goes on: in one that is over everybody knows that things were left.
func (s *Supervisor) undelivered(n uint64, name string, id worker.ID) {
	s.stats.undelivered.Add(n)
	if !s.hushed.Load() {
		s.report("%d message(s) to worker %q (id %v) were not delivered: it had ended before it handled them", n, name, id)
	}
}
