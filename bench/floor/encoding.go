package floor

import (
	"bytes"
	"encoding/gob"
	"time"
)

// messagesPerLook is how many messages are encoded or decoded between two
// readings of the clock.
const messagesPerLook = 64

// Gob measures a persistent pair of encoding/gob without any transport: the
// encoder writes a value again and again into a buffer, and the decoder reads
// it from there. It returns how many messages per second each of the two did in
// its share of the duration.
func Gob[T any](value T, duration time.Duration) (encode, decode float64, err error) {
	var buffer bytes.Buffer
	encoder, decoder := gob.NewEncoder(&buffer), gob.NewDecoder(&buffer)
	var encoding, decoding time.Duration
	count := 0
	for encoding+decoding < duration {
		start := time.Now()
		for range messagesPerLook {
			if err := encoder.Encode(&value); err != nil {
				return 0, 0, err
			}
		}
		middle := time.Now()
		for range messagesPerLook {
			var got T
			if err := decoder.Decode(&got); err != nil {
				return 0, 0, err
			}
		}
		encoding += middle.Sub(start)
		decoding += time.Since(middle)
		count += messagesPerLook
	}
	return float64(count) / encoding.Seconds(), float64(count) / decoding.Seconds(), nil
}

// Copy measures copying size bytes into a buffer and out of it again, as a codec
// that does nothing would. It returns how many times per second that went.
func Copy(size int, duration time.Duration) float64 {
	from, through, to := make([]byte, size), make([]byte, size), make([]byte, size)
	count, start := 0, time.Now()
	for time.Since(start) < duration {
		for range messagesPerLook {
			copy(through, from)
			copy(to, through)
		}
		count += messagesPerLook
	}
	return float64(count) / time.Since(start).Seconds()
}
