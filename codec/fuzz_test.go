package codec_test

import (
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

// tryAll decodes and shows payload as each type that d knows; only a panic, a
// hang or a flood of memory is a failure.
func tryAll(d *codec.Decoder, fed int, payload []byte) {
	for index := uint16(0); ; index++ {
		if _, err := d.Entry(index); err != nil && index > 0 {
			return
		}
		for flags := range uint8(5) {
			h := codec.Header{Type: index, Flags: flags, Need: uint32(fed)}
			d.DecodeAny(h, payload)
			d.Format(h, payload)
			d.Plain(h, payload)
		}
		if index > 64 {
			return
		}
	}
}

// samples is a dictionary, and payloads that fit it.
func samples(f *testing.F) (*memory, []message) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	return &dictionary, []message{
		send(f, e, quote{"A", 1, 2}), send(f, e, zooNumber(3)), send(f, e, zooNumber(70)),
		send(f, e, plain{1, 2}), send(f, e, blob("raw")), send(f, e, bombChain{{}, {{}}}),
		send(f, e, bombMap{map[int]int{1: 2}}), send(f, e, page(make([]byte, 2000))),
		send(f, e, report{Name: "n", Words: map[string][]int{"a": {1}}}), send(f, e, tick{Bid: 1}),
	}
}

func FuzzFeed(f *testing.F) {
	dictionary, sent := samples(f)
	for _, m := range sent {
		f.Add(dictionary.bytes, m.payload)
	}
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, dictionary, payload []byte) {
		d := codec.NewDecoder(codec.DecoderOptions{SameBinary: true, MaxMessage: 1 << 20})
		d.Feed(dictionary)
		tryAll(d, int(d.Fed()), payload)
	})
}

func FuzzDecode(f *testing.F) {
	dictionary, sent := samples(f)
	for _, m := range sent {
		f.Add(m.payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		d := codec.NewDecoder(codec.DecoderOptions{SameBinary: true, MaxMessage: 1 << 20})
		if err := d.Feed(dictionary.bytes); err != nil {
			t.Fatal(err)
		}
		tryAll(d, len(dictionary.bytes), payload)
		// The decoder must still be of use.
		for _, m := range sent {
			if _, err := d.DecodeAny(m.Header, m.payload); err != nil {
				t.Fatalf("after % x: %v", payload, err)
			}
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	for _, v := range []any{zooNumber(70), quote{"A", 1, 2}, bombMap{map[int]int{1: 2}}} {
		data, err := codec.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		codec.Unmarshal(data, new(zoo))
		codec.Unmarshal(data, new(quote))
		codec.Unmarshal(data, new(bombMap))
	})
}

func FuzzParsePattern(f *testing.F) {
	for _, p := range []func() (codec.Pattern, error){codec.PatternFor[any], codec.PatternFor[dog], codec.PatternFor[animal]} {
		pattern, err := p()
		if err != nil {
			f.Fatal(err)
		}
		data, err := pattern.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := codec.ParsePattern(data)
		if err != nil {
			return
		}
		typ, _ := codec.TypeFor[dog]()
		p.Matches(typ)
		again, err := p.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if parsed, err := codec.ParsePattern(again); err != nil || parsed.String() != p.String() {
			t.Errorf("%v came back as %v, %v", p, parsed, err)
		}
	})
}
