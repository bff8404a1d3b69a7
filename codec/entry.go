package codec

import (
	"encoding/binary"
	"fmt"
)

// The dictionary is a sequence of entries:
//
//	+------+-----------------+------------------+
//	| kind | length (uvarint)| body             |
//	+------+-----------------+------------------+
//
//	kind 1, a type:     name, codec, flags, layout (8 bytes), methods, embeds, shape
//	kind 2, a gob type: one message of encoding/gob, as it came from its encoder
//
// Texts and lists are preceded by their length as a uvarint. Types are numbered
// from 1 in the order of their entries; a Header with Type 0 names none.
const (
	entryType = 1
	entryGob  = 2

	entryLocal = 1 // flag of a type entry: Type.Local

	maxEntry = 64 << 10 // bytes of a body
	maxTypes = 1<<16 - 1
	// maxDescriptions bounds the gob types of one sender.
	maxDescriptions = 1 << 16
)

// An Entry is what a sender's dictionary says about a type.
type Entry struct {
	Name    string
	Codec   string
	Local   bool     // see Type.Local
	Layout  uint64   // see Type.Layout
	Methods []string // see Type.Methods
	Embeds  []string // see Type.Embeds
	Shape   Shape    // of a fixed or gob type; else the zero Shape
	// Type is this process's type of that name; nil if there is none, or if the
	// entry is Local and the sender may run another binary.
	Type *Type

	fits   bool   // layouts were compared and agree
	flatID []byte // see startsFlat
}

// appendEntry appends a dictionary entry with the given body to dst.
func appendEntry(dst []byte, kind byte, body []byte) []byte {
	dst = append(dst, kind)
	dst = binary.AppendUvarint(dst, uint64(len(body)))
	return append(dst, body...)
}

// nextEntry splits the first entry off b. n is 0 if it is not whole yet.
func nextEntry(b []byte) (kind byte, body []byte, n int, err error) {
	if len(b) < 2 {
		return 0, nil, 0, nil
	}
	length, width := binary.Uvarint(b[1:])
	if width < 0 || length > maxEntry {
		return 0, nil, 0, fmt.Errorf("%w: dictionary entry of %d bytes, limit %d", ErrCorrupt, length, maxEntry)
	}
	if head := 1 + width; width > 0 && int(length) <= len(b)-head {
		return b[0], b[head : head+int(length)], head + int(length), nil
	}
	return 0, nil, 0, nil
}

// typeEntry is the body that describes t. The shape serves tools alone, so it
// is left out where there is no room for it.
func typeEntry(t *Type) ([]byte, error) {
	flags := byte(0)
	if t.local {
		flags = entryLocal
	}
	body := appendText(nil, t.name)
	body = appendText(body, t.codec)
	body = append(body, flags)
	body = binary.LittleEndian.AppendUint64(body, t.layout)
	body = appendTexts(body, t.methods)
	body = appendTexts(body, t.Embeds())
	bare := len(body)
	body = t.shape.append(body)
	if len(body) > maxEntry {
		body = (&Shape{}).append(body[:bare])
	}
	// The reader is the judge of what may stand in a dictionary.
	if _, ok := parseTypeEntry(body); !ok || len(body) > maxEntry {
		return nil, fmt.Errorf("%w: description of %s takes %d bytes, limit %d", ErrUnsupported, t.name, len(body), maxEntry)
	}
	return body, nil
}

// parseTypeEntry is the inverse of typeEntry, for a body that a peer wrote.
func parseTypeEntry(body []byte) (*Entry, bool) {
	s := &scanner{b: body}
	e := &Entry{Name: s.text(), Codec: s.text()}
	e.Local = s.byte()&entryLocal != 0
	e.Layout = s.uint64()
	e.Methods = s.texts()
	e.Embeds = s.texts()
	p := shapeParser{scanner: s}
	e.Shape = p.shape(0)
	return e, s.ok() && e.Name != "" && e.Codec != ""
}
