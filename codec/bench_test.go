package codec_test

import (
	"bytes"
	"encoding/gob"
	"strconv"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/shm"
)

type slot struct {
	ID, Stamp  uint64
	Price, Qty float64
}

func BenchmarkFixed(b *testing.B) {
	benchFixed(b, slot{1, 2, 3, 4})
}

func BenchmarkFixedWithPaddingAndBools(b *testing.B) {
	benchFixed(b, padded{A: 1, C: true})
}

func benchFixed[T any](b *testing.B, in T) {
	typ := codec.Register[T]()
	record := make([]byte, typ.Size())
	var out T
	b.SetBytes(int64(typ.Size()))
	b.ReportAllocs()
	for b.Loop() {
		typ.PutFixed(record, shm.ValueBytes(&in))
		if err := typ.GetFixed(shm.ValueBytes(&out), record); err != nil {
			b.Fatal(err)
		}
	}
}

// trip encodes v and decodes it on the other side, again and again.
func trip[T any](b *testing.B, v T) {
	typ, err := codec.TypeFor[T]()
	if err != nil {
		b.Fatal(err)
	}
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	receive[T](b, d, &dictionary, send(b, e, v))
	var payload []byte
	var out T
	b.ReportAllocs()
	for b.Loop() {
		var h codec.Header
		if payload, h, err = e.Append(payload[:0], typ, &v); err != nil {
			b.Fatal(err)
		}
		if err = d.Decode(h, payload, &out); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(payload)))
}

func BenchmarkRaw1KiB(b *testing.B)           { trip(b, make(blob, 1<<10)) }
func BenchmarkGobThreeFields(b *testing.B)    { trip(b, quote{"EURUSD", 1.0842, 250}) }
func BenchmarkGobWithInterfaces(b *testing.B) { trip(b, zooNumber(70)) }

func BenchmarkZstdText(b *testing.B) {
	words := strings.Fields("the supervisor starts one process per worker and gives each lock-free rings in shared memory")
	for _, size := range []int{1 << 10, 64 << 10} {
		text := make(page, 0, size)
		for i := 0; len(text) < size; i++ {
			text = append(text, words[i*i%len(words)]+strconv.Itoa(i%100)+" "...)
		}
		b.Run(strconv.Itoa(size), func(b *testing.B) { trip(b, text[:size]) })
	}
}

// BenchmarkGobPersistentPair is the floor for gob: one encoder and one decoder
// of encoding/gob on one stream.
func BenchmarkGobPersistentPair(b *testing.B) {
	b.Run("ThreeFields", func(b *testing.B) { pair(b, quote{"EURUSD", 1.0842, 250}) })
	b.Run("WithInterfaces", func(b *testing.B) { pair(b, zooNumber(70)) })
}

func pair[T any](b *testing.B, v T) {
	var stream bytes.Buffer
	e, d := gob.NewEncoder(&stream), gob.NewDecoder(&stream)
	b.ReportAllocs()
	var out, zero T
	for b.Loop() {
		out = zero // gob leaves alone what is zero at the sender
		if err := e.Encode(&v); err != nil {
			b.Fatal(err)
		}
		if err := d.Decode(&out); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGobFreshPair is what gob costs without a dictionary.
func BenchmarkGobFreshPair(b *testing.B) {
	v := quote{"EURUSD", 1.0842, 250}
	b.ReportAllocs()
	for b.Loop() {
		var stream bytes.Buffer
		var out quote
		if err := gob.NewEncoder(&stream).Encode(&v); err != nil {
			b.Fatal(err)
		}
		if err := gob.NewDecoder(&stream).Decode(&out); err != nil {
			b.Fatal(err)
		}
	}
}
