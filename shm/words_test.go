package shm

import (
	"testing"
	"unsafe"
)

func TestWordsOutsideTheMemoryPanic(t *testing.T) {
	mem := Aligned(64)
	for _, f := range []func(){
		func() { Uint64(mem, -8) },
		func() { Uint64(mem, 64) },
		func() { Uint64(mem, 57) },
		func() { Uint32(mem, 62) },
		func() { Uint32(mem, 2) },
		func() { Plain64(mem, 4) },
		func() { Uint64(nil, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic for a word outside or across")
				}
			}()
			f()
		}()
	}
}

func TestWordsOfAllWidthsShareTheirMemory(t *testing.T) {
	mem := Aligned(64)
	Uint64(mem, 56).Store(0x1122334455667788)
	if got := *Plain64(mem, 56); got != 0x1122334455667788 {
		t.Errorf("plain load gives %#x", got)
	}
	if got := Uint32(mem, 60).Load(); got != 0x11223344 {
		t.Errorf("the upper half is %#x", got)
	}
}

func TestAlignedMemoryBeginsOnALine(t *testing.T) {
	for size := 1; size < 300; size += 7 {
		mem := Aligned(size)
		if len(mem) != size || cap(mem) != size || uintptr(unsafe.Pointer(unsafe.SliceData(mem)))%LineSize != 0 {
			t.Fatalf("Aligned(%d): %d bytes at %p", size, len(mem), unsafe.SliceData(mem))
		}
	}
}

func TestValueBytesAreTheValuesMemory(t *testing.T) {
	v := struct{ A, B uint32 }{1, 2}
	b := ValueBytes(&v)
	if len(b) != 8 {
		t.Fatalf("%d bytes, want 8", len(b))
	}
	b[4] = 9
	if v.B != 9 {
		t.Errorf("B is %d after a store through the bytes", v.B)
	}
}
