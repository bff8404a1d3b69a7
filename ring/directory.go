package ring

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// The directory: the supervisor's table of workers.
//
//	   0 +--------------------------------------------------------------+
//	     | segment header; its eight words are the geometry             |
//	 128 +--------------------------------------------------------------+
//	     | version uint64: grows after every change                     |
//	4096 +--------------------------------------------------------------+
//	     | per slot, 640 bytes:                                         |
//	     |    0  turn uint64: the copy (turn mod 2) that counts         |
//	     |   64  two copies of the row, 256 bytes each                  |
//	     +--------------------------------------------------------------+
//
// A row is changed by writing the other copy and then storing turn + 1. A
// reader copies the copy that counts and looks at turn again: unchanged means
// whole, since the writer must store turn before it may touch that copy. So a
// reader never waits for a writer, dead or stopped in the middle.
//
//	row   0  id          uint64  slot and generation
//	      8  state       uint32  RowFree, RowAdded, RowEnded
//	     12  flags       uint32
//	     16  incarnation uint32
//	     20  pid         uint32
//	     24  inbox       uint32  descriptor in the supervisor
//	     28  kind length uint16, name length uint16
//	     32  outboxes    4 × {incarnation uint32, descriptor uint32}
//	     64  kind        96 bytes
//	    160  name        96 bytes
const (
	dirVersion = shm.HeaderSize
	dirRows    = pageSize
	rowSize    = 256
	rowCopies  = 64
	rowStride  = rowCopies + 2*rowSize + 64

	rowKind  = 64
	rowName  = 160
	nameSize = 96
)

const _ = uint(rowSize - (rowName + nameSize))

// MaxName is the longest name of a worker or a kind, in bytes.
const MaxName = nameSize

// States of a row.
const (
	RowFree  uint32 = iota
	RowAdded        // has memory; can be found, sent to
	RowEnded        // gone for good
)

// Flags of a row.
const (
	RowResident uint32 = 1 << iota
)

// OutboxRef names one outbox of a worker.
type OutboxRef struct {
	Incarnation uint32 // 0: none
	Descriptor  uint32 // in the supervisor
}

// Row is what the directory says of one worker.
type Row struct {
	ID          uint64
	State       uint32
	Flags       uint32
	Incarnation uint32
	PID         uint32
	Inbox       uint32 // descriptor in the supervisor
	Outboxes    [OutboxesPerSlot]OutboxRef
	Kind, Name  string
}

// DirectorySize returns the bytes of a directory segment.
func (g Geometry) DirectorySize() int { return dirRows + g.Slots*rowStride }

// Directory reads, and for the supervisor writes, the table of workers. Reading
// is safe from any goroutine and never waits.
type Directory struct {
	mem     []byte
	slots   int
	version *atomic.Uint64 // the supervisor adds; everybody reads
}

// NewDirectory returns the directory in a mapped segment.
func NewDirectory(mem []byte, g Geometry) (*Directory, error) {
	if len(mem) < g.DirectorySize() {
		return nil, fmt.Errorf("%w: directory has %d bytes, needs %d", ErrGeometry, len(mem), g.DirectorySize())
	}
	return &Directory{mem: mem, slots: g.Slots, version: shm.Uint64(mem, dirVersion)}, nil
}

// Slots returns the number of rows.
func (d *Directory) Slots() int { return d.slots }

// Version returns a number that grows with every change of any row.
func (d *Directory) Version() uint64 { return d.version.Load() }

// Row returns a whole copy of a slot's row.
func (d *Directory) Row(slot int) (Row, error) {
	if slot < 0 || slot >= d.slots {
		return Row{}, fmt.Errorf("%w: slot %d of %d", ErrNoPeer, slot, d.slots)
	}
	at := dirRows + slot*rowStride
	turn := shm.Uint64(d.mem, at)
	var words [rowSize / 8]uint64
	for {
		before := turn.Load()
		copyAt := at + rowCopies + int(before%2)*rowSize
		for i := range words {
			words[i] = shm.Uint64(d.mem, copyAt+8*i).Load()
		}
		if turn.Load() == before {
			return decodeRow(&words), nil
		}
	}
}

// Set changes a row. Only the supervisor calls it, from one goroutine at a
// time.
func (d *Directory) Set(slot int, row Row) {
	at := dirRows + slot*rowStride
	turn := shm.Uint64(d.mem, at)
	next := turn.Load() + 1
	words := encodeRow(row)
	copyAt := at + rowCopies + int(next%2)*rowSize
	for i, w := range words {
		shm.Uint64(d.mem, copyAt+8*i).Store(w)
	}
	turn.Store(next)
	d.version.Add(1)
}

func encodeRow(r Row) (words [rowSize / 8]uint64) {
	var b [rowSize]byte
	le := binary.LittleEndian
	kind, name := r.Kind[:min(len(r.Kind), nameSize)], r.Name[:min(len(r.Name), nameSize)]
	le.PutUint64(b[0:], r.ID)
	le.PutUint32(b[8:], r.State)
	le.PutUint32(b[12:], r.Flags)
	le.PutUint32(b[16:], r.Incarnation)
	le.PutUint32(b[20:], r.PID)
	le.PutUint32(b[24:], r.Inbox)
	le.PutUint16(b[28:], uint16(len(kind)))
	le.PutUint16(b[30:], uint16(len(name)))
	for i, o := range r.Outboxes {
		le.PutUint32(b[32+8*i:], o.Incarnation)
		le.PutUint32(b[36+8*i:], o.Descriptor)
	}
	copy(b[rowKind:], kind)
	copy(b[rowName:], name)
	for i := range words {
		words[i] = le.Uint64(b[8*i:])
	}
	return words
}

func decodeRow(words *[rowSize / 8]uint64) Row {
	var b [rowSize]byte
	le := binary.LittleEndian
	for i, w := range words {
		le.PutUint64(b[8*i:], w)
	}
	r := Row{
		ID: le.Uint64(b[0:]), State: le.Uint32(b[8:]), Flags: le.Uint32(b[12:]),
		Incarnation: le.Uint32(b[16:]), PID: le.Uint32(b[20:]), Inbox: le.Uint32(b[24:]),
	}
	for i := range r.Outboxes {
		r.Outboxes[i] = OutboxRef{le.Uint32(b[32+8*i:]), le.Uint32(b[36+8*i:])}
	}
	r.Kind = string(b[rowKind : rowKind+min(int(le.Uint16(b[28:])), nameSize)])
	r.Name = string(b[rowName : rowName+min(int(le.Uint16(b[30:])), nameSize)])
	return r
}
