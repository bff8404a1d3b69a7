package shm

import (
	"fmt"
	"os"
	"sync/atomic"
)

// MaxSize is the largest segment in bytes: sparse, so a bound on address space
// and not on memory.
const MaxSize = 1 << 40

// Segment is one memfd, mapped. Its methods may be called from any goroutine, but
// Forget, Unmap and Close must not overlap with others. What concurrent access
// to its memory means is the layout's affair.
type Segment struct {
	header   Header
	name     string
	file     *os.File
	mem      []byte
	writable bool
	closed   atomic.Bool
}

// Create makes a segment of h.Size bytes, rounded up to whole pages, maps it
// for writing and seals it against shrinking and growing. The name is for
// people: it shows in /proc/PID/maps and names nothing. The contents behind the
// header are zero.
//
// The segment is not ready until [Segment.Publish] has been called; opening it
// before that fails with [ErrNotReady]. Create reports [ErrNoMemory] and
// [ErrNotSupported].
func Create(name string, h Header) (*Segment, error) {
	page := int64(os.Getpagesize())
	if h.Size < HeaderSize || h.Size > MaxSize {
		return nil, fmt.Errorf("shm: create %s: size %d is outside %d … %d", name, h.Size, HeaderSize, int64(MaxSize))
	}
	h.Size = (h.Size + page - 1) / page * page
	file, err := createFile(name, h.Size)
	if err != nil {
		return nil, err
	}
	mem, err := mapFile(file, name, h.Size, true)
	if err != nil {
		file.Close()
		return nil, err
	}
	h.encode(mem, int(page))
	return &Segment{header: h, name: name, file: file, mem: mem, writable: true}, nil
}

// Publish marks a created segment as ready. Everything stored before is visible
// to whoever opens it afterwards.
func (s *Segment) Publish() {
	Uint32(s.mem, offReady).Store(1)
}

// Open checks and maps the segment behind a descriptor that this process got by
// inheritance or over a socket, for writing or read-only, and takes over the
// file, also when it fails. The seals, the size and the header are checked
// first: [ErrLayout], [ErrVersion] and [ErrNotReady] say what was found;
// [ErrReadOnly] means that it cannot be mapped for writing.
func Open(file *os.File, name string, kind Kind, writable bool) (*Segment, error) {
	s, err := open(file, name, kind, writable)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("shm: open %s: %w", name, err)
	}
	return s, nil
}

func open(file *os.File, name string, kind Kind, writable bool) (*Segment, error) {
	size, err := checkSealed(file)
	if err != nil {
		return nil, err
	}
	if size < HeaderSize || size > MaxSize {
		return nil, fmt.Errorf("%w: the file has %d bytes", ErrLayout, size)
	}
	mem, err := mapFile(file, name, size, writable)
	if err != nil {
		return nil, err
	}
	// The header belongs to a peer: copy once, then look at the copy only. The
	// atomic load pairs with Publish and comes before the copy.
	var head [HeaderSize]byte
	ready := Uint32(mem, offReady).Load()
	copy(head[:], mem)
	if ready == 0 {
		clear(head[offReady : offReady+4])
	}
	h, err := decodeHeader(&head, kind, size)
	if err != nil {
		unmap(mem)
		return nil, err
	}
	return &Segment{header: h, name: name, file: file, mem: mem, writable: writable}, nil
}

// Header returns the checked header.
func (s *Segment) Header() Header { return s.header }

// Name returns the name given at creation or opening.
func (s *Segment) Name() string { return s.name }

// Bytes returns the whole mapping, header included. Writing to a read-only
// mapping is a fault. The slice must not be used after [Segment.Unmap].
func (s *Segment) Bytes() []byte { return s.mem }

// File returns the descriptor, for passing on. It stays open until
// [Segment.Close]; nil after [Segment.Forget].
func (s *Segment) File() *os.File { return s.file }

// Writable reports whether this process may write to the mapping.
func (s *Segment) Writable() bool { return s.writable }

// SealWrites forbids every further writable mapping, by anybody, and every
// further seal. Mappings that exist keep working: an owner calls it right after
// mapping its outbox.
func (s *Segment) SealWrites() error {
	if err := sealWrites(s.file); err != nil {
		return wrapErrno("seal", s.name, s.header.Size, err)
	}
	return nil
}

// Allocate claims memory for a range of bytes, so that later stores to it
// cannot fail. It reports [ErrNoMemory] when the machine has none. Ranges that
// have memory already keep their contents.
func (s *Segment) Allocate(offset, length int64) error {
	if !s.writable {
		return fmt.Errorf("shm: allocate in %s: %w", s.name, ErrReadOnly)
	}
	if offset < 0 || length <= 0 || offset > s.header.Size-length {
		return fmt.Errorf("shm: allocate in %s: range %d+%d is outside its %d bytes", s.name, offset, length, s.header.Size)
	}
	return allocate(s.file, s.name, offset, length)
}

// Forget closes the descriptor and keeps the mapping: what a peer does after
// it has mapped a segment, since descriptors are scarce.
func (s *Segment) Forget() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

// Unmap releases the mapping and keeps the descriptor: what a holder does that
// only passes the segment on. Views of the memory must be gone.
func (s *Segment) Unmap() {
	if s.mem != nil {
		unmap(s.mem)
		s.mem = nil
	}
}

// Close releases mapping and descriptor. Views of the memory must be gone. The
// memory itself lives until the last process has let go of it.
func (s *Segment) Close() {
	if s.closed.CompareAndSwap(false, true) {
		s.Unmap()
		s.Forget()
	}
}
