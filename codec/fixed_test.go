package codec_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/shm"
)

// padded has padding inside, at the end, inside of array elements, and under a
// blank name.
type padded struct {
	A    int8
	B    int64
	C    bool
	Grid [3]struct {
		X int16
		Y bool
		Z float32
	}
	_     [5]byte
	Flags [4]bool
	D     complex64
	e     uint8
}

// stained returns the memory of a padded whose every byte was 0xFF before its
// fields were set.
func stained(v padded) []byte {
	var dirty padded
	for i := range shm.ValueBytes(&dirty) {
		shm.ValueBytes(&dirty)[i] = 0xFF
	}
	dirty.A, dirty.B, dirty.C, dirty.Flags, dirty.D, dirty.e = v.A, v.B, v.C, v.Flags, v.D, v.e
	for i := range v.Grid {
		dirty.Grid[i].X, dirty.Grid[i].Y, dirty.Grid[i].Z = v.Grid[i].X, v.Grid[i].Y, v.Grid[i].Z
	}
	return bytes.Clone(shm.ValueBytes(&dirty))
}

func TestPutFixedZeroesPadding(t *testing.T) {
	typ := codec.Register[padded]()
	v := padded{A: 1, B: 2, C: true, Flags: [4]bool{true}, D: 3, e: 4}
	v.Grid[1].X, v.Grid[2].Y = 5, true
	got := bytes.Repeat([]byte{0xAA}, typ.Size())
	typ.PutFixed(got, stained(v))
	clean := make([]byte, typ.Size())
	copy(clean, shm.ValueBytes(&v)) // a zeroed value with fields set has no stain
	if !bytes.Equal(got, clean) {
		t.Errorf("got  %x\nwant %x", got, clean)
	}
}

func TestGetFixedMakesBoolsZeroOrOne(t *testing.T) {
	typ := codec.Register[padded]()
	src := bytes.Repeat([]byte{0x7F}, typ.Size())
	var v padded
	if err := typ.GetFixed(shm.ValueBytes(&v), src); err != nil {
		t.Fatal(err)
	}
	memory := shm.ValueBytes(&v)
	if !v.C || !v.Flags[3] || !v.Grid[2].Y || v.A != 0x7F || v.e != 0x7F {
		t.Errorf("got %+v", v)
	}
	ones := bytes.Count(memory, []byte{1})
	if want := 1 + 4 + 3; ones != want {
		t.Errorf("%d bytes are 1, want the %d bools", ones, want)
	}
}

func TestGetFixedRefusesAnotherLength(t *testing.T) {
	typ := codec.Register[padded]()
	var v padded
	for _, n := range []int{0, typ.Size() - 1, typ.Size() + 1} {
		wantError(t, typ.GetFixed(shm.ValueBytes(&v), make([]byte, n)), codec.ErrCorrupt)
	}
}

func TestFixedRoundTripAllocatesNothing(t *testing.T) {
	typ := codec.Register[padded]()
	var in, out padded
	record := make([]byte, typ.Size())
	if n := testing.AllocsPerRun(100, func() {
		typ.PutFixed(record, shm.ValueBytes(&in))
		if typ.GetFixed(shm.ValueBytes(&out), record) != nil {
			t.Fatal("GetFixed failed")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestFixedValuesSurviveTheTrip(t *testing.T) {
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	rapid.Check(t, func(r *rapid.T) {
		v := padded{
			A: rapid.Int8().Draw(r, "A"), B: rapid.Int64().Draw(r, "B"), C: rapid.Bool().Draw(r, "C"),
			D: complex(rapid.Float32().Draw(r, "re"), rapid.Float32().Draw(r, "im")),
			e: rapid.Uint8().Draw(r, "e"),
		}
		for i := range v.Grid {
			v.Grid[i].X = rapid.Int16().Draw(r, "X")
			v.Grid[i].Y = rapid.Bool().Draw(r, "Y")
			v.Grid[i].Z = rapid.Float32().Draw(r, "Z")
		}
		m := send(t, e, v)
		got := receive[padded](t, d, &dictionary, m)
		if got != v {
			t.Fatalf("got %+v, want %+v", got, v)
		}
	})
}

func TestTypesWithoutBytesAreFixed(t *testing.T) {
	var dictionary memory
	m := send(t, codec.NewEncoder(&dictionary), nothing{})
	if len(m.payload) != 0 {
		t.Errorf("payload of %d bytes", len(m.payload))
	}
	receive[nothing](t, sameBinary(), &dictionary, m)
}
