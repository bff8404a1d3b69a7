package bench

import (
	"context"
	"encoding/binary"
)

// bytesSource sends []byte, in place where the message is large.
type bytesSource struct {
	typedRoutes[[]byte]
	buf []byte
}

func newBytesSource(e *end) (source, error) {
	routes, err := newTypedRoutes[[]byte](e)
	if err != nil {
		return nil, err
	}
	return &bytesSource{typedRoutes: routes, buf: make([]byte, e.plan.Options.Size)}, nil
}

// send implements source.
func (s *bytesSource) send(ctx context.Context, count uint64, n int) error {
	s.sent += int64(n)
	for i := range n {
		number := number(s.index, count+uint64(i))
		if len(s.buf) < blockFrom {
			stamp(s.buf, number)
			if err := s.sender.Send(ctx, s.buf); err != nil {
				return err
			}
			continue
		}
		payload, err := s.sender.Claim(ctx, len(s.buf))
		if err != nil {
			return err
		}
		stamp(payload, number)
		if err := s.sender.Commit(ctx, len(payload)); err != nil {
			return err
		}
	}
	return nil
}

// end implements source.
func (s *bytesSource) end(ctx context.Context) error {
	if err := s.handled(ctx); err != nil {
		return err
	}
	var last [MinSize]byte
	binary.LittleEndian.PutUint64(last[:], number(s.index, endCount))
	return s.last.Send(ctx, last[:])
}
