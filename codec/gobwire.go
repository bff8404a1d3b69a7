package codec

import (
	"errors"
	"math"
)

// This file reads the wire format of encoding/gob (its documentation, "Type
// ids" and "Encoding details"): descriptions of types, and the numbers that
// everything is made of.

// Ids that gob gives to the types it knows without a description.
const (
	idBool      = 1
	idInt       = 2
	idUint      = 3
	idFloat     = 4
	idBytes     = 5
	idString    = 6
	idComplex   = 7
	idInterface = 8
	firstUserID = 64
)

var errGob = errors.New("malformed gob")

// wireKind says which of gob's descriptions a type has.
type wireKind uint8

const (
	wireNone wireKind = iota
	wireArray
	wireSlice
	wireStruct
	wireMap
	wireOpaque // encodes itself: GobEncoder, BinaryMarshaler, TextMarshaler
)

// A wireType is gob's description of one type of the sender.
type wireType struct {
	kind      wireKind
	name      string
	key, elem int32 // ids
	length    int   // of an array
	fields    []wireField
}

type wireField struct {
	name string
	id   int32
}

// A gobCursor reads gob's numbers. As with scanner, everything after the first
// fault reads as zero, with nothing left.
type gobCursor struct {
	b   []byte
	bad bool
}

func (c *gobCursor) fail() {
	c.b, c.bad = nil, true
}

// uint reads an unsigned number: a byte up to 127, or the negated count of
// bytes that follow, most significant first. It is small enough to be inlined.
func (c *gobCursor) uint() uint64 {
	if len(c.b) > 0 && c.b[0] <= math.MaxInt8 {
		x := c.b[0]
		c.b = c.b[1:]
		return uint64(x)
	}
	return c.long()
}

// long reads an unsigned number of several bytes.
func (c *gobCursor) long() uint64 {
	x := uint64(0)
	for _, d := range c.digits() {
		x = x<<8 | uint64(d)
	}
	return x
}

// digits passes over a number of several bytes and returns them.
func (c *gobCursor) digits() []byte {
	if len(c.b) == 0 {
		c.fail()
		return nil
	}
	n := -int(int8(c.b[0]))
	if n < 1 || n > 8 || n >= len(c.b) {
		c.fail()
		return nil
	}
	digits := c.b[1 : 1+n]
	c.b = c.b[1+n:]
	return digits
}

// skip passes over a number.
func (c *gobCursor) skip() {
	if len(c.b) > 0 && c.b[0] <= math.MaxInt8 {
		c.b = c.b[1:]
		return
	}
	c.digits()
}

// int reads a signed number: its lowest bit says that the others are inverted.
func (c *gobCursor) int() int64 {
	x := c.uint()
	if x&1 != 0 {
		return ^int64(x >> 1)
	}
	return int64(x >> 1)
}

// id reads a type id; a negative one is that of a type being described.
func (c *gobCursor) id() int32 {
	x := c.int()
	if x < -math.MaxInt32 || x > math.MaxInt32 {
		c.fail()
		return 0
	}
	return int32(x)
}

// count reads a length or number of things of a byte at least.
func (c *gobCursor) count() int {
	n := c.uint()
	if n > uint64(len(c.b)) {
		c.fail()
		return 0
	}
	return int(n)
}

// take reads n bytes.
func (c *gobCursor) take(n int) []byte {
	if n > len(c.b) {
		c.fail()
		return nil
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

// message splits the first length-prefixed message off b; whole is the message
// with its prefix.
func message(b []byte) (body, whole, rest []byte, err error) {
	c := gobCursor{b: b}
	body = c.take(c.count())
	if c.bad || len(body) == 0 {
		return nil, nil, nil, errGob
	}
	return body, b[:len(b)-len(c.b)], c.b, nil
}

// description reads a message's body that describes a type.
func description(body []byte) (int32, *wireType, error) {
	c := gobCursor{b: body}
	id := -c.id()
	w := c.wireType()
	if c.bad || len(c.b) > 0 || id < firstUserID {
		return 0, nil, errGob
	}
	return id, w, nil
}

// fields reads a struct of up to n fields and calls f for each that is there.
func (c *gobCursor) fields(n int, f func(field int)) {
	for field := -1; !c.bad; {
		delta := c.uint()
		if delta == 0 {
			return
		}
		if delta > uint64(n-1-field) {
			c.fail()
			return
		}
		field += int(delta)
		f(field)
	}
}

// wireType reads gob's wireType: a struct of pointers, one of which is set.
func (c *gobCursor) wireType() *wireType {
	w := new(wireType)
	kinds := [...]wireKind{wireArray, wireSlice, wireStruct, wireMap, wireOpaque, wireOpaque, wireOpaque}
	c.fields(len(kinds), func(field int) {
		if w.kind != wireNone {
			c.fail()
			return
		}
		w.kind = kinds[field]
		c.typeBody(w)
	})
	if w.kind == wireNone {
		c.fail()
	}
	return w
}

// typeBody reads arrayType, sliceType, structType, mapType or gobEncoderType:
// all begin with name and id; the id is known from the message.
func (c *gobCursor) typeBody(w *wireType) {
	n := [...]int{wireArray: 3, wireSlice: 2, wireStruct: 2, wireMap: 3, wireOpaque: 1}[w.kind]
	c.fields(n, func(field int) {
		switch {
		case field == 0:
			c.commonType(w)
		case w.kind == wireStruct:
			c.structFields(w)
		case w.kind == wireArray && field == 2:
			if n := c.int(); n >= 0 {
				w.length = int(n)
			} else {
				c.fail()
			}
		case w.kind == wireMap && field == 1:
			w.key = c.id()
		default:
			w.elem = c.id()
		}
	})
}

func (c *gobCursor) commonType(w *wireType) {
	c.fields(2, func(field int) {
		if field == 0 {
			w.name = c.text()
		} else {
			c.id() // known from the message
		}
	})
}

func (c *gobCursor) structFields(w *wireType) {
	for range c.count() {
		var f wireField
		c.fields(2, func(field int) {
			if field == 0 {
				f.name = c.text()
			} else {
				f.id = c.id()
			}
		})
		if c.bad || f.name == "" {
			c.fail()
			return
		}
		w.fields = append(w.fields, f)
	}
}

// text reads a name. It ends up in messages and on terminals, so one that does
// not belong there (the text of a large unnamed struct, say) reads as none.
func (c *gobCursor) text() string {
	b := c.take(c.count())
	if len(b) > maxName {
		return ""
	}
	if name := string(b); validName(name) {
		return name
	}
	return ""
}
