package codec

import (
	"bytes"
	"fmt"
	"strings"
)

// Defaults of DecoderOptions, in bytes.
const (
	defaultMaxMessage    = 256 << 20
	defaultMaxDictionary = 16 << 20
)

// DecoderOptions bound what a Decoder takes from its sender. The zero value is
// the default.
type DecoderOptions struct {
	// MaxMessage bounds, in bytes, a payload, its content when it is compressed,
	// and the memory a gob value takes once decoded. Default 256 MiB.
	MaxMessage int
	// MaxDictionary bounds the dictionary, in bytes. Default 16 MiB.
	MaxDictionary int
	// SameBinary says that the sender runs the same program file, so that types
	// of package main may be matched by name.
	SameBinary bool
}

// A Decoder is the receiving half for one incarnation of one sender. It must
// not be used by two goroutines at once.
type Decoder struct {
	options DecoderOptions
	read    int      // bytes of the dictionary that were parsed
	entries []*Entry // by type index, from 1
	gob     gobReceiver
	zstd    decompressor
	private []byte // copies of payloads, one at a time
}

// NewDecoder returns a Decoder that has read nothing of the dictionary yet.
func NewDecoder(o DecoderOptions) *Decoder {
	if o.MaxMessage <= 0 {
		o.MaxMessage = defaultMaxMessage
	}
	if o.MaxDictionary <= 0 {
		o.MaxDictionary = defaultMaxDictionary
	}
	return &Decoder{options: o, gob: newGobReceiver(), zstd: decompressor{limit: o.MaxMessage}}
}

// Fed returns how many bytes of the dictionary have been read; a payload whose
// Header.Need is no more can be decoded.
func (d *Decoder) Fed() uint32 { return uint32(d.read) }

// Feed reads the new entries of the sender's dictionary, of which dictionary is
// what has been published so far. It keeps copies alone. After ErrCorrupt the
// entries before the bad one remain usable, and Feed fails again.
func (d *Decoder) Feed(dictionary []byte) error {
	if len(dictionary) < d.read {
		return fmt.Errorf("%w: dictionary has shrunk from %d bytes to %d", ErrCorrupt, d.read, len(dictionary))
	}
	if len(dictionary) > d.options.MaxDictionary {
		return fmt.Errorf("%w: dictionary of %d bytes, limit %d", ErrCorrupt, len(dictionary), d.options.MaxDictionary)
	}
	// Once, because the peer may change what is parsed and checked below.
	fresh := bytes.Clone(dictionary[d.read:])
	for {
		kind, body, n, err := nextEntry(fresh)
		if err != nil || n == 0 {
			return err
		}
		if err := d.enter(kind, body, d.read+n); err != nil {
			return fmt.Errorf("%w at %d of the dictionary: %w", ErrCorrupt, d.read, err)
		}
		d.read += n
		fresh = fresh[n:]
	}
}

// enter takes in one entry, which ends at offset end of the dictionary.
func (d *Decoder) enter(kind byte, body []byte, end int) error {
	switch kind {
	case entryType:
		e, ok := parseTypeEntry(body)
		if !ok {
			return fmt.Errorf("malformed type entry of %d bytes", len(body))
		}
		if len(d.entries) == maxTypes {
			return fmt.Errorf("more than %d types", maxTypes)
		}
		d.entries = append(d.entries, e)
		return nil
	case entryGob:
		return d.gob.add(body, end)
	}
	return fmt.Errorf("entry of unknown kind %d", kind)
}

// Entry returns what the dictionary says about a type, and sets its Type if
// this process has registered one meanwhile. An index that has not been fed is
// ErrUnknownType. The Entry belongs to the Decoder; the caller must not change it.
func (d *Decoder) Entry(index uint16) (*Entry, error) {
	if index == 0 || int(index) > len(d.entries) {
		return nil, fmt.Errorf("%w: %d of %d", ErrUnknownType, index, len(d.entries))
	}
	e := d.entries[index-1]
	if e.Type == nil && (!e.Local || d.options.SameBinary) {
		e.Type, _ = Lookup(e.Name)
	}
	return e, nil
}

// entry is Entry for a header whose payload is to be read.
func (d *Decoder) entry(h Header, payload []byte) (*Entry, error) {
	if h.Flags&^allFlags != 0 {
		return nil, fmt.Errorf("%w: unknown flags %#x", ErrCorrupt, h.Flags)
	}
	if len(payload) > d.options.MaxMessage {
		return nil, fmt.Errorf("%w: payload of %d bytes, limit %d", ErrTooLarge, len(payload), d.options.MaxMessage)
	}
	if int64(h.Need) > int64(d.read) {
		return nil, fmt.Errorf("%w: %d needs %d bytes of the dictionary, %d are fed", ErrUnknownType, h.Type, h.Need, d.read)
	}
	return d.Entry(h.Type)
}

// localType returns this process's Type for e, once layouts are known to agree.
func (d *Decoder) localType(e *Entry) (*Type, error) {
	if e.fits {
		return e.Type, nil
	}
	t := e.Type
	switch {
	case t == nil && e.Local && !d.options.SameBinary:
		return nil, fmt.Errorf("%w: %s is a type of the sender's package main, and the sender runs another binary: give it a name with codec.WithName in both programs",
			ErrUnregistered, e.Name)
	case t == nil:
		return nil, fmt.Errorf("%w: %s; call codec.Register[%s]() in init of the receiving program", ErrUnregistered, e.Name, e.Name[strings.LastIndexByte(e.Name, '/')+1:])
	case e.Codec != t.codec || e.Layout != t.layout:
		return nil, fmt.Errorf("%w: %s is %s %#016x at the sender and %s %#016x here: build both programs from one definition",
			ErrLayout, e.Name, e.Codec, e.Layout, t.codec, t.layout)
	}
	e.fits = true
	return t, nil
}

// copy returns b in memory of the Decoder's own, until the next call: a peer
// can change b between a check and the use of what was checked.
func (d *Decoder) copy(b []byte) []byte {
	if len(b) > maxScratch {
		return bytes.Clone(b)
	}
	d.private = append(d.private[:0], b...)
	return d.private
}
