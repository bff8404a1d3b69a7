package codec

import (
	"encoding/binary"
	"hash/fnv"
	"reflect"
)

// layoutHash is FNV-1a over the codec's name and, for a fixed type, over
// everything that decides what a byte of it means. A codec that describes its
// values itself needs no more than its name.
func layoutHash(codec string, t reflect.Type) uint64 {
	text := appendText(nil, codec)
	if codec == codecFixed {
		text = appendLayout(text, t)
	}
	h := fnv.New64a()
	h.Write(text)
	return h.Sum64()
}

// appendLayout appends kind and size of t, and for a composite its parts.
func appendLayout(dst []byte, t reflect.Type) []byte {
	dst = append(dst, byte(t.Kind()))
	dst = binary.AppendUvarint(dst, uint64(t.Size()))
	switch t.Kind() {
	case reflect.Array:
		dst = binary.AppendUvarint(dst, uint64(t.Len()))
		dst = appendLayout(dst, t.Elem())
	case reflect.Struct:
		dst = binary.AppendUvarint(dst, uint64(t.NumField()))
		for i := range t.NumField() {
			f := t.Field(i)
			dst = appendText(dst, f.Name)
			dst = binary.AppendUvarint(dst, uint64(f.Offset))
			dst = appendLayout(dst, f.Type)
		}
	}
	return dst
}
