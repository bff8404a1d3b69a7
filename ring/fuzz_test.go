package ring

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// FuzzRecords lets a receiver read a lane in which everything that the sender
// writes is arbitrary: bytes, tail, mask and slab. Whatever it finds, it hands
// on only what lies in the sender's memory, ends, and reports nonsense as such.
func FuzzRecords(f *testing.F) {
	record := func(at uint64, kind uint8, payload ...byte) []byte {
		b := binary.LittleEndian.AppendUint64(nil, packFirst(len(payload), kind, Meta{}))
		b = binary.LittleEndian.AppendUint64(b, packSecond(at, 0))
		b = append(b, payload...)
		return append(b, make([]byte, -len(payload)&15)...)
	}
	ref := func(where, length uint64) []byte {
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, where), length)
	}
	f.Add([]byte{}, uint64(0), uint64(0), uint64(1))
	f.Add(record(0, kindData, 1, 2, 3), uint64(0), uint64(32), uint64(1))
	f.Add(record(0, kindChunk, ref(pageSize, 9)...), uint64(0), uint64(32), uint64(3))
	f.Add(record(0, kindBlob, ref(1, 9)...), uint64(0), uint64(32), uint64(1))
	f.Add(record(4096, kindData), uint64(4096), uint64(16), uint64(1))
	f.Add(record(16*5, kindPad), uint64(16*5), uint64(4096), ^uint64(0))
	f.Fuzz(func(t *testing.T, bytes []byte, start, ahead, mask uint64) {
		r := newRun(small(2))
		b := r.port(t, 1, Poll)
		outbox := r.setOutbox(0, 0, 1)
		words, data := b.out.lane(b.geometry, 1, 0)
		copy(outbox[data:data+MinLaneSize], bytes)
		ours := b.in.words + b.geometry.laneNumber(0, 0, 0)*laneWordsSize
		shm.Uint64(b.inbox, ours+laneDone).Store(start)
		shm.Uint64(b.inbox, ours+laneHead).Store(start)
		shm.Uint64(outbox, words+laneTail).Store(start + ahead)
		shm.Uint64(outbox, outMasks+8).Store(mask)
		b.bell.mark(0)

		problems, records := 0, 0
		for range 2 + MinLaneSize/HeaderSize/passLimit {
			_, err := b.Receive(All, func(rec *Record) error {
				records++
				for i := range rec.Payload { // every byte can be read
					_ = rec.Payload[i]
				}
				if rec.Payload == nil || len(rec.Payload) > b.geometry.SlabSize {
					t.Fatalf("a payload of %d bytes", len(rec.Payload))
				}
				return nil
			})
			if err != nil {
				if !errors.Is(err, ErrCorrupt) {
					t.Fatal(err)
				}
				problems++
			}
		}
		if records > MinLaneSize/HeaderSize || problems > LanesPerPeer {
			t.Fatalf("%d records, %d problems", records, problems)
		}
		if b.pending(All) {
			t.Fatal("there is still something to do")
		}
	})
}

// FuzzDirectoryRow decodes arbitrary rows.
func FuzzDirectoryRow(f *testing.F) {
	valid := encodeRow(Row{ID: 5, State: RowAdded, Kind: "worker", Name: "pricer"})
	var seed []byte
	for _, word := range valid {
		seed = binary.LittleEndian.AppendUint64(seed, word)
	}
	f.Add(seed, uint64(0))
	f.Add([]byte{}, ^uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, turn uint64) {
		g := small(2)
		mem := shm.Aligned(g.DirectorySize())
		d, err := NewDirectory(mem, g)
		if err != nil {
			t.Fatal(err)
		}
		copy(mem[dirRows+rowStride+rowCopies:][:2*rowSize], b)
		shm.Uint64(mem, dirRows+rowStride).Store(turn)
		row, err := d.Row(1)
		if err != nil || len(row.Name) > MaxName || len(row.Kind) > MaxName {
			t.Fatalf("row %+v, %v", row, err)
		}
		d.Set(1, row)
		if again, err := d.Row(1); again != row || err != nil {
			t.Fatalf("a row comes back as %+v, want %+v (%v)", again, row, err)
		}
	})
}

// FuzzListens reads arbitrary listen tables.
func FuzzListens(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0, 'a', 'b', 'c'}, uint64(7))
	f.Add([]byte{3, 0, 0, 0, 'a'}, uint64(5))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, uint64(4))
	f.Add([]byte{}, uint64(1<<32-1))
	f.Fuzz(func(t *testing.T, table []byte, word uint64) {
		r := newRun(small(2))
		a := r.port(t, 0, Poll)
		copy(r.inboxes[1][inListenTable:][:inListenTableSize], table)
		shm.Uint64(r.inboxes[1], inListens).Store(word)
		entries, err := a.Listens(1)
		total := 0
		for _, entry := range entries {
			total += 4 + len(entry)
		}
		switch {
		case err != nil && !errors.Is(err, ErrCorrupt):
			t.Fatal(err)
		case err == nil && total != int(uint32(word)):
			t.Fatalf("%d bytes in %d entries, the word says %d", total, len(entries), uint32(word))
		}
	})
}

// FuzzChunkReference follows arbitrary references into the slab.
func FuzzChunkReference(f *testing.F) {
	f.Add(uint64(0), uint64(10))
	f.Add(uint64(pageSize), uint64(15*pageSize))
	f.Add(uint64(1), uint64(0))
	f.Add(^uint64(0), ^uint64(0))
	f.Add(^uint64(pageSize-1), uint64(pageSize))
	f.Fuzz(func(t *testing.T, where, length uint64) {
		r := newRun(small(2))
		a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
		s := mustOpen(t, a, 1, 0)
		ref, err := s.Claim(chunkRefSize)
		if err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint64(ref, where)
		binary.LittleEndian.PutUint64(ref[8:], length)
		s.commit(kindChunk, Meta{})
		if err := s.Publish(); err != nil {
			t.Fatal(err)
		}
		n, err := b.Receive(All, func(rec *Record) error {
			if uint64(len(rec.Payload)) != length {
				t.Fatalf("%d bytes, the reference says %d", len(rec.Payload), length)
			}
			if length > 0 {
				_ = rec.Payload[0] + rec.Payload[length-1]
			}
			_, release := b.Retain(rec)
			release()
			return nil
		})
		if (n == 1) != (err == nil) || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("took %d, %v", n, err)
		}
	})
}
