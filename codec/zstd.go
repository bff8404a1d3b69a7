package codec

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// maxScratch is the largest buffer, in bytes, that is kept for the next use.
const maxScratch = 1 << 20

// sharedEncoder compresses for all Encoders of the process, one payload at a
// time. It is made at the first use: it holds about a megabyte.
var sharedEncoder = sync.OnceValue(func() *zstd.Encoder {
	z, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), // memory does not flip bits on the way
		zstd.WithWindowSize(512<<10),
		zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return z
})

// scratch holds buffers for compressed payloads.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// compress replaces out[start:] by a zstd frame if that saves an eighth.
func compress(out []byte, start int) ([]byte, bool) {
	plain := out[start:]
	buffer := scratch.Get().(*[]byte)
	frame := sharedEncoder().EncodeAll(plain, (*buffer)[:0])
	smaller := len(frame) <= len(plain)-len(plain)/8
	if smaller {
		out = append(out[:start], frame...)
	}
	if cap(frame) <= maxScratch {
		*buffer = frame
		scratch.Put(buffer)
	}
	return out, smaller
}

// A decompressor expands frames that a peer wrote, to limit bytes at most.
type decompressor struct {
	limit int
	z     *zstd.Decoder // nil until the first frame
}

// expand returns the content of frame in memory of its own. The frame must not
// change meanwhile.
func (d *decompressor) expand(frame []byte) ([]byte, error) {
	if d.z == nil {
		z, err := zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(d.limit)),
			zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return nil, err
		}
		d.z = z
	}
	// The frame says how large its content is; a sender that compresses a whole
	// payload at once always writes it, so the buffer can be made to measure.
	var head zstd.Header
	if err := head.Decode(frame); err != nil {
		return nil, fmt.Errorf("%w: zstd: %w", ErrCorrupt, err)
	}
	if !head.HasFCS {
		return nil, fmt.Errorf("%w: zstd frame without content size", ErrCorrupt)
	}
	if head.FrameContentSize > uint64(d.limit) {
		return nil, fmt.Errorf("%w: zstd frame of %d bytes, limit %d", ErrTooLarge, head.FrameContentSize, d.limit)
	}
	// A block of four bytes expands to 128 KiB at most.
	if head.FrameContentSize > uint64(len(frame))<<15 {
		return nil, fmt.Errorf("%w: zstd frame of %d bytes claims %d", ErrCorrupt, len(frame), head.FrameContentSize)
	}
	plain, err := d.z.DecodeAll(frame, make([]byte, 0, head.FrameContentSize))
	if err != nil {
		return nil, fmt.Errorf("%w: zstd: %w", ErrCorrupt, err)
	}
	return plain, nil
}
