package codec_test

import (
	"encoding/gob"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

const here = "github.com/ringmaster-ipc/ringmaster/codec_test."

type (
	plain      struct{ A, B int32 }
	nothing    struct{}
	numbers    [4]float64
	blob       []byte
	withText   struct{ Text string }
	withPtr    struct{ P *int }
	withUint   struct{ Address uintptr }
	word       string
	box[T any] struct {
		V T
	}
)

func TestDefaultCodecFollowsFromTheType(t *testing.T) {
	for _, c := range []struct {
		typ  func() (*codec.Type, error)
		want string
	}{
		{codec.TypeFor[plain], "fixed"},
		{codec.TypeFor[nothing], "fixed"},
		{codec.TypeFor[numbers], "fixed"},
		{codec.TypeFor[bool], "fixed"},
		{codec.TypeFor[int], "fixed"},
		{codec.TypeFor[complex64], "fixed"},
		{codec.TypeFor[box[[2]plain]], "fixed"},
		{codec.TypeFor[[]byte], "raw"},
		{codec.TypeFor[blob], "raw"},
		{codec.TypeFor[time.Time], "binary"},
		{codec.TypeFor[netip.AddrPort], "binary"},
		{codec.TypeFor[withText], "gob"},
		{codec.TypeFor[withPtr], "gob"},
		{codec.TypeFor[withUint], "gob"},
		{codec.TypeFor[word], "gob"},
		{codec.TypeFor[string], "gob"},
		{codec.TypeFor[map[string]int], "gob"},
		{codec.TypeFor[[]int], "gob"},
		{codec.TypeFor[[2]string], "gob"},
	} {
		typ, err := c.typ()
		if err != nil {
			t.Errorf("want %s, got error %v", c.want, err)
			continue
		}
		if typ.Codec() != c.want {
			t.Errorf("%s: codec %s, want %s", typ.Name(), typ.Codec(), c.want)
		}
		if fixed := typ.Size() >= 0; fixed != (c.want == "fixed") {
			t.Errorf("%s: size %d with codec %s", typ.Name(), typ.Size(), c.want)
		}
	}
}

func TestWireNameIsImportPathAndName(t *testing.T) {
	for _, c := range []struct {
		typ  func() (*codec.Type, error)
		want string
	}{
		{codec.TypeFor[plain], here + "plain"},
		{codec.TypeFor[int], "int"},
		{codec.TypeFor[[]byte], "[]uint8"},
		{codec.TypeFor[time.Time], "time.Time"},
		{codec.TypeFor[map[string][]withText], "map[string][]" + here + "withText"},
		{codec.TypeFor[[3]*withText], "[3]*" + here + "withText"},
		{codec.TypeFor[box[plain]], here + "box[" + here + "plain]"},
	} {
		typ, err := c.typ()
		if err != nil {
			t.Errorf("want %s, got error %v", c.want, err)
			continue
		}
		if typ.Name() != c.want || typ.Local() {
			t.Errorf("name %q local %v, want %q", typ.Name(), typ.Local(), c.want)
		}
		if found, ok := codec.Lookup(c.want); !ok || found != typ {
			t.Errorf("Lookup(%q) = %v, %v", c.want, found, ok)
		}
	}
}

func TestUnsupportedTypesAreRefusedAtRegistrationNamingTheField(t *testing.T) {
	type hidden struct{ inside []string }
	type list struct{ Next *list } // fine
	_ = hidden{inside: nil}
	for _, c := range []struct {
		typ  func() (*codec.Type, error)
		want string
	}{
		{codec.TypeFor[chan int], "chan"},
		{codec.TypeFor[func()], "func"},
		{codec.TypeFor[struct {
			Deep []map[string]struct{ C chan int }
		}], ".Deep.C is a chan"},
		{codec.TypeFor[struct {
			S string
			F *func()
		}], ".F is a func"},
		{codec.TypeFor[hidden], "no exported field"},
		{codec.TypeFor[struct{ H hidden }], ".H: codec_test.hidden has no exported field"},
		{codec.TypeFor[*withText], "register the type itself: codec_test.withText"},
		{codec.TypeFor[fmt.Stringer], "register the concrete types"},
	} {
		_, err := c.typ()
		wantError(t, err, codec.ErrUnsupported)
		if err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %q does not say %q", err, c.want)
		}
	}
	if _, err := codec.TypeFor[list](); err != nil {
		t.Errorf("recursive type: %v", err)
	}
	_, err := codec.TypeOf(nil)
	wantError(t, err, codec.ErrUnsupported)
}

func TestRegisteringAgainIsTheSameType(t *testing.T) {
	type again struct{ S string }
	first := codec.Register[again](codec.WithName("again"), codec.WithZstd(100))
	same, err := codec.TryRegister[again](codec.WithName("again"), codec.WithZstd(100))
	if err != nil || same != first {
		t.Errorf("same options: %v, %v, want the first Type", same, err)
	}
	same, err = codec.TryRegister[again]()
	if err != nil || same != first {
		t.Errorf("no options: %v, %v, want the first Type", same, err)
	}
	same, err = codec.TypeOf(again{})
	if err != nil || same != first {
		t.Errorf("TypeOf: %v, %v, want the first Type", same, err)
	}
	_, err = codec.TryRegister[again](codec.WithName("other"))
	wantError(t, err, codec.ErrConflict)
	_, err = codec.TryRegister[again](codec.WithName("again"), codec.WithZstd(200))
	wantError(t, err, codec.ErrConflict)
	_, err = codec.TryRegister[again](codec.WithName("again"), codec.WithZstd(100), codec.WithCodec(reverser{}))
	wantError(t, err, codec.ErrConflict)
}

func TestNameThatIsTakenIsAConflict(t *testing.T) {
	type one struct{ A int }
	type two struct{ B int }
	codec.Register[one](codec.WithName("taken"))
	_, err := codec.TryRegister[two](codec.WithName("taken"))
	wantError(t, err, codec.ErrConflict)
	if _, err := codec.TypeFor[two](); err != nil {
		t.Errorf("after the conflict under its own name: %v", err)
	}
}

func TestWrongOptionsFailAtRegistration(t *testing.T) {
	type victim struct{ A int }
	for name, option := range map[string]codec.Option{
		"empty name":     codec.WithName(""),
		"long name":      codec.WithName(strings.Repeat("x", 1025)),
		"escape in name": codec.WithName("a\x1b[31m"),
		"not UTF-8":      codec.WithName("a\xff"),
		"nil codec":      codec.WithCodec(nil),
		"built-in name":  codec.WithCodec(named{name: "gob"}),
		"unnamed codec":  codec.WithCodec(named{}),
		"zstd threshold": codec.WithZstd(63),
		"negative zstd":  codec.WithZstd(-1),
		"unprintable":    codec.WithCodec(named{name: "\n"}),
	} {
		if _, err := codec.TryRegister[victim](option); !errors.Is(err, codec.ErrOption) {
			t.Errorf("%s: got %v, want %v", name, err, codec.ErrOption)
		}
	}
	_, err := codec.TryRegister[victim](codec.AsGob(), codec.WithCodec(reverser{}))
	wantError(t, err, codec.ErrOption)
}

func TestRegisterPanicsWithTheError(t *testing.T) {
	defer func() {
		err, _ := recover().(error)
		wantError(t, err, codec.ErrUnsupported)
	}()
	codec.Register[chan int]()
}

func TestAsGobTakesAFixedType(t *testing.T) {
	type loose struct{ A, B int }
	typ := codec.Register[loose](codec.AsGob())
	if typ.Codec() != "gob" || typ.Size() != -1 {
		t.Errorf("codec %s, size %d", typ.Codec(), typ.Size())
	}
	var dictionary memory
	m := send(t, codec.NewEncoder(&dictionary), loose{1, 2})
	if got := receive[loose](t, sameBinary(), &dictionary, m); got != (loose{1, 2}) {
		t.Errorf("got %+v", got)
	}
}

func TestTypeOfRegistersAllButFixedTypes(t *testing.T) {
	onceOnly(t, here+"fixed")
	type dynamic struct{ S string }
	type fixed struct{ A int }
	typ, err := codec.TypeOf(dynamic{})
	if err != nil || typ.Codec() != "gob" {
		t.Errorf("gob type: %v, %v", typ, err)
	}
	_, err = codec.TypeOf(fixed{})
	wantError(t, err, codec.ErrUnregistered)
	if err != nil && !strings.Contains(err.Error(), "codec.Register[codec_test.fixed]()") {
		t.Errorf("error %q does not say what to do", err)
	}
	want, _ := codec.TypeFor[fixed]()
	if got, err := codec.TypeOf(fixed{}); got != want || err != nil {
		t.Errorf("once registered: %v, %v", got, err)
	}
}

func TestTypeForDoesNotAllocateAfterTheFirstUse(t *testing.T) {
	codec.TypeFor[plain]()
	if n := testing.AllocsPerRun(100, func() { codec.TypeFor[plain]() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestProgramMayHaveRegisteredATypeWithGobBefore(t *testing.T) {
	type early struct{ S string }
	gob.RegisterName("a-name-of-its-own", early{})
	codec.Register[early](codec.WithName("another-name"))
	var dictionary memory
	m := send(t, codec.NewEncoder(&dictionary), cage{early{"x"}})
	if got := receive[cage](t, sameBinary(), &dictionary, m); got.Inside != (early{"x"}) {
		t.Errorf("got %+v", got)
	}
}

func TestNameTooLongForTheWireAsksForAnother(t *testing.T) {
	onceOnly(t, "long")
	type long = box[struct {
		AFieldWhoseNameTakesRoomInTheNameOfTheGenericType0 map[string]box[[1]box[struct{ AnotherFieldWithALongName [2]map[string]plain }]]
		AFieldWhoseNameTakesRoomInTheNameOfTheGenericType1 map[string]box[[1]box[struct{ AnotherFieldWithALongName [2]map[string]plain }]]
		AFieldWhoseNameTakesRoomInTheNameOfTheGenericType2 map[string]box[[1]box[struct{ AnotherFieldWithALongName [2]map[string]plain }]]
		AFieldWhoseNameTakesRoomInTheNameOfTheGenericType3 map[string]box[[1]box[struct{ AnotherFieldWithALongName [2]map[string]plain }]]
	}]
	_, err := codec.TryRegister[long]()
	wantError(t, err, codec.ErrUnsupported)
	if err != nil && !strings.Contains(err.Error(), "codec.WithName") {
		t.Errorf("error %q does not say what to do", err)
	}
	if _, err := codec.TryRegister[long](codec.WithName("long")); err != nil {
		t.Errorf("with a name: %v", err)
	}
}

func TestCompressedTellsOfZstd(t *testing.T) {
	if !registered[page](t).Compressed() || registered[plain](t).Compressed() {
		t.Error("page is registered with zstd, plain is not")
	}
}

// named is a codec of any name.
type named struct {
	codec.Codec
	name string
}

func (n named) Name() string { return n.name }

// reverser is a codec for byte slices that turns them round.
type reverser struct{}

func (reverser) Name() string { return "reverse" }

func (reverser) Append(dst []byte, v any) ([]byte, error) {
	b := *v.(*backwards)
	for i := range b {
		dst = append(dst, b[len(b)-1-i])
	}
	return dst, nil
}

func (reverser) Decode(src []byte, v any) error {
	b := make(backwards, 0, len(src))
	for i := range src {
		b = append(b, src[len(src)-1-i])
	}
	*v.(*backwards) = b
	return nil
}

type backwards []byte
