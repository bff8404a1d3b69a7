package codec

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	// maxText bounds the text of a value, in bytes; what is beyond reads "…".
	maxText = 16 << 10
	// maxRaw bounds the bytes that are shown of one without structure.
	maxRaw = 256
)

// Format returns a value's text for people, without the Go type: for fixed and
// gob what fmt prints with %+v (with pointers followed, and strings that do not
// belong on a terminal quoted), for raw the quoted text or hexadecimal, for
// others hexadecimal. Long values are cut. Its errors are those of Decode that
// do not depend on this process's types.
func (d *Decoder) Format(h Header, payload []byte) (string, error) {
	e, err := d.entry(h, payload)
	if err != nil {
		return "", err
	}
	plain, err := d.stable(h, payload)
	if err != nil {
		return "", err
	}
	var t text
	switch {
	case e.Codec == codecFixed && e.Shape.Kind != reflect.Invalid:
		if len(plain) != e.Shape.Size {
			return "", fmt.Errorf("%w: %s has %d bytes, got %d", ErrCorrupt, e.Name, e.Shape.Size, len(plain))
		}
		t.fixed(&e.Shape, plain)
	case e.Codec == codecGob:
		if err := d.formatGob(&t, e, h, plain); err != nil {
			return "", fmt.Errorf("%s: %w", e.Name, err)
		}
	case e.Codec == codecRaw:
		t.raw(plain)
	case e.Codec == codecBinary && e.Name == timeName:
		t.opaque(timeName, plain)
	default:
		t.printf("%s(", e.Name)
		t.hex(plain)
		t.printf(")")
	}
	return t.String(), nil
}

// A text grows up to maxText.
type text struct{ b []byte }

func (t *text) String() string {
	if len(t.b) <= maxText {
		return string(t.b)
	}
	cut := maxText
	for cut > 0 && !utf8.RuneStart(t.b[cut]) {
		cut--
	}
	return string(t.b[:cut]) + "…"
}

// full reports whether nothing more will be shown.
func (t *text) full() bool { return len(t.b) > maxText }

func (t *text) printf(format string, args ...any) {
	if !t.full() {
		t.b = fmt.Appendf(t.b, format, args...)
	}
}

// string shows a string as fmt does, but quotes what could drive a terminal.
func (t *text) string(s []byte) {
	if t.full() {
		return
	}
	if s = s[:min(len(s), maxText+utf8.UTFMax)]; validText(s) {
		t.b = append(t.b, s...)
	} else {
		t.b = strconv.AppendQuote(t.b, string(s))
	}
}

// validText reports whether s can be shown as it is.
func validText(s []byte) bool { return utf8.Valid(s) && printable(string(s)) }

// raw shows bytes that may be text.
func (t *text) raw(b []byte) {
	head := b[:min(len(b), maxRaw)]
	if !utf8.Valid(head) && len(b) <= maxRaw || len(b) > 0 && !mostlyText(head) {
		t.hex(b)
		return
	}
	t.printf("%s", strconv.Quote(string(head)))
	t.more(len(b))
}

// mostlyText reports whether head is text, but for a rune cut off at its end.
func mostlyText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 && utf8.FullRune(head) {
			return false
		}
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' {
			return false
		}
		head = head[n:]
	}
	return true
}

// hex shows bytes without meaning.
func (t *text) hex(b []byte) {
	t.printf("0x%s", hex.EncodeToString(b[:min(len(b), maxRaw)]))
	t.more(len(b))
}

// more says how many of n bytes are not shown.
func (t *text) more(n int) {
	if n > maxRaw {
		t.printf("… (%d bytes)", n)
	}
}

// opaque shows a value that encoded itself.
func (t *text) opaque(name string, b []byte) {
	if name == timeName {
		var when time.Time
		if when.UnmarshalBinary(b) == nil {
			t.printf("%s", when)
			return
		}
	}
	t.hex(b)
}

// fixed shows the value of shape s that lies at the beginning of b. A shape
// that reaches beyond b, which no correct sender writes, reads "?".
func (t *text) fixed(s *Shape, b []byte) {
	if s.Size > len(b) || t.full() {
		t.printf("?")
		return
	}
	switch s.Kind {
	case reflect.Struct:
		t.printf("{")
		for i := range s.Fields {
			if i > 0 {
				t.printf(" ")
			}
			f := &s.Fields[i]
			t.printf("%s:", f.Name)
			t.fixed(&f.Shape, b[min(f.Offset, len(b)):])
		}
		t.printf("}")
	case reflect.Array:
		t.printf("[")
		for i := 0; i < s.Len && !t.full(); i++ {
			if i > 0 {
				t.printf(" ")
			}
			t.fixed(s.Elem, b[min(i*s.Elem.Size, len(b)):])
		}
		t.printf("]")
	default:
		t.number(s.Kind, b[:s.Size])
	}
}

// numberSizes is the size of each basic kind, in bytes, on amd64 and arm64.
var numberSizes = map[reflect.Kind]int{
	reflect.Bool: 1, reflect.Int8: 1, reflect.Uint8: 1, reflect.Int16: 2, reflect.Uint16: 2,
	reflect.Int32: 4, reflect.Uint32: 4, reflect.Float32: 4, reflect.Int: 8, reflect.Uint: 8,
	reflect.Int64: 8, reflect.Uint64: 8, reflect.Float64: 8, reflect.Complex64: 8, reflect.Complex128: 16,
}

// number shows a value of a basic kind. Its size was written by a peer too.
func (t *text) number(kind reflect.Kind, b []byte) {
	size := numberSizes[kind]
	if size == 0 || size != len(b) {
		t.printf("?")
		return
	}
	var wide [16]byte
	copy(wide[:], b)
	x, y := binary.LittleEndian.Uint64(wide[:]), binary.LittleEndian.Uint64(wide[8:])
	switch kind {
	case reflect.Bool:
		t.printf("%t", x != 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int, reflect.Int64:
		shift := 64 - 8*size
		t.printf("%d", int64(x<<shift)>>shift)
	case reflect.Float32:
		t.printf("%v", math.Float32frombits(uint32(x)))
	case reflect.Float64:
		t.printf("%v", math.Float64frombits(x))
	case reflect.Complex64:
		t.printf("%v", complex(math.Float32frombits(uint32(x)), math.Float32frombits(uint32(x>>32))))
	case reflect.Complex128:
		t.printf("%v", complex(math.Float64frombits(x), math.Float64frombits(y)))
	default:
		t.printf("%d", x)
	}
}
