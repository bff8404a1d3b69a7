package codec

import (
	"reflect"
	"testing"
)

type (
	golden struct {
		A int8
		B [2]struct{ X, Y float64 }
		C bool
	}
	goldenRenamed struct {
		A int8
		B [2]struct{ X, Z float64 }
		C bool
	}
	goldenRetyped struct {
		A int8
		B [2]struct{ X, Y int64 }
		C bool
	}
	goldenMoved struct {
		A int8
		C bool
		B [2]struct{ X, Y float64 }
	}
)

// A change of these numbers makes programs of two versions unable to exchange
// types: it needs a new protocol version.
func TestLayoutHashesAreGolden(t *testing.T) {
	for _, c := range []struct {
		codec string
		typ   reflect.Type
		want  uint64
	}{
		{codecFixed, reflect.TypeFor[golden](), 0xb2a0fb5c985a680c},
		{codecFixed, reflect.TypeFor[struct{}](), 0x6fd1c57e5dcb9be1},
		{codecFixed, reflect.TypeFor[uint32](), 0xe0333cfc2be969fc},
		{codecRaw, reflect.TypeFor[[]byte](), 0x913353897311f44c},
		{codecBinary, reflect.TypeFor[golden](), 0x8b5fe798a7530218},
		{codecGob, reflect.TypeFor[golden](), 0x460a9b89d932f866},
	} {
		if got := layoutHash(c.codec, c.typ); got != c.want {
			t.Errorf("layoutHash(%s, %s) = %#016x, want %#016x", c.codec, c.typ, got, c.want)
		}
	}
}

func TestLayoutHashSeesNamesKindsAndOffsets(t *testing.T) {
	seen := map[uint64]reflect.Type{}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[golden](), reflect.TypeFor[goldenRenamed](),
		reflect.TypeFor[goldenRetyped](), reflect.TypeFor[goldenMoved](),
		reflect.TypeFor[[2]golden](), reflect.TypeFor[[3]golden](),
	} {
		h := layoutHash(codecFixed, typ)
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s have one hash", typ, other)
		}
		seen[h] = typ
	}
}

func TestGobLayoutIgnoresFields(t *testing.T) {
	if layoutHash(codecGob, reflect.TypeFor[golden]()) != layoutHash(codecGob, reflect.TypeFor[goldenMoved]()) {
		t.Error("gob tolerates other fields, its layout hash does not")
	}
}
