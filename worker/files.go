package worker

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/worker/control"
)

// files is how a worker process gets at descriptors that the supervisor holds,
// and hands it others. It implements [Files].
type files struct {
	conn       *control.Conn
	supervisor int // its process

	mu      sync.Mutex
	seq     uint64
	waiting map[uint64]chan answer
}

type answer struct {
	frame control.Frame
	file  *os.File
}

func newFiles(conn *control.Conn, supervisor int) *files {
	return &files{conn: conn, supervisor: supervisor, waiting: map[uint64]chan answer{}}
}

// ask sends a request and waits for the reply. The supervisor is this process's
// parent: if it ends, so does this process.
func (f *files) ask(request control.Frame, file *os.File) (answer, error) {
	reply := make(chan answer, 1)
	f.mu.Lock()
	f.seq++
	request.Seq = f.seq
	f.waiting[f.seq] = reply
	f.mu.Unlock()
	if err := f.conn.Send(request, file); err != nil {
		f.mu.Lock()
		delete(f.waiting, request.Seq)
		f.mu.Unlock()
		return answer{}, err
	}
	a := <-reply
	if a.frame.Error != "" {
		return a, errors.New(a.frame.Error)
	}
	return a, nil
}

// answer hands a reply to who asked.
func (f *files) answer(frame control.Frame, file *os.File) {
	f.mu.Lock()
	reply := f.waiting[frame.Seq]
	delete(f.waiting, frame.Seq)
	f.mu.Unlock()
	if reply != nil {
		reply <- answer{frame, file}
	} else if file != nil {
		file.Close()
	}
}

// open returns a descriptor of the supervisor, read-only: through /proc, and
// where that is hidden or refused, by asking.
func (f *files) open(descriptor uint32) (*os.File, error) {
	file, err := shm.OpenShared(f.supervisor, int(descriptor))
	if err == nil {
		return file, nil
	}
	a, asked := f.ask(control.Frame{Kind: control.KindFetch, Descriptor: descriptor}, nil)
	if asked != nil {
		return nil, fmt.Errorf("worker: %w; asking the supervisor: %w", err, asked)
	}
	if a.file == nil {
		return nil, fmt.Errorf("worker: %w; the supervisor sent none either", err)
	}
	return a.file, nil
}

// Keep implements [ring.Blobs].
func (f *files) Keep(blob *shm.Segment, slots []int) (uint64, error) {
	a, err := f.ask(control.Frame{Kind: control.KindKeep, Slots: slots}, blob.File())
	return a.frame.Handle, err
}

// Fetch implements [ring.Blobs].
func (f *files) Fetch(handle uint64) (*shm.Segment, error) {
	file, err := f.open(HandleDescriptor(handle))
	if err != nil {
		return nil, err
	}
	return shm.Open(file, "blob", shm.KindBlob, false)
}

// Drop implements [ring.Blobs].
func (f *files) Drop(handle uint64, slot int) {
	// If the supervisor is gone there is nothing to drop.
	_ = f.conn.Send(control.Frame{Kind: control.KindDrop, Handle: handle, Slot: slot}, nil)
}

// Pass implements [Files].
func (f *files) Pass(file *os.File, slot int) (uint64, error) {
	a, err := f.ask(control.Frame{Kind: control.KindKeep, Slots: []int{slot}}, file)
	return a.frame.Handle, err
}

// Take implements [Files]. The descriptor itself is wanted, not the file behind
// it opened again, so the supervisor is always asked.
func (f *files) Take(handle uint64) (*os.File, error) {
	a, err := f.ask(control.Frame{Kind: control.KindFetch, Handle: handle}, nil)
	if err != nil {
		return nil, err
	}
	if a.file == nil {
		return nil, fmt.Errorf("worker: file %d was not sent", handle)
	}
	return a.file, nil
}

// MakeHandle returns the handle of a kept descriptor; serial makes it differ
// from all others of the run. It is used by package supervisor.
func MakeHandle(serial uint32, descriptor uint32) uint64 {
	return uint64(serial)<<32 | uint64(descriptor)
}

// HandleDescriptor returns the descriptor of a handle.
func HandleDescriptor(handle uint64) uint32 { return uint32(handle) }
