package ring_test

import (
	"fmt"
	"os"
	"os/exec"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// Two processes that share a descriptor, without any supervisor: this one
// creates a pair, starts the other with it, sends it a name and waits for the
// answer.
func Example() {
	pair, err := ring.CreatePair(ring.Geometry{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pair.Close()
	port, err := pair.Port(0, ring.Adaptive)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer port.Close()

	// The other process runs greet, below; descriptor 3 is the pair.
	other := exec.Command("/proc/self/exe")
	other.Env = append(os.Environ(), ring.ChildVariable+"=greet")
	other.ExtraFiles = []*os.File{pair.File()}
	other.Stderr = os.Stderr
	if err := other.Start(); err != nil {
		fmt.Println(err)
		return
	}

	lane, err := port.Open(1, ring.LaneSend)
	if err != nil {
		fmt.Println(err)
		return
	}
	name := "world"
	buf, err := lane.Claim(len(name)) // memory that the other process will read
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(buf, name)
	lane.Commit(ring.Meta{Type: 1})
	if err := lane.Publish(); err != nil {
		fmt.Println(err)
		return
	}

	for {
		n, err := port.Receive(ring.All, func(r *ring.Record) error {
			fmt.Printf("slot %d says: %s\n", r.From().Slot(), r.Payload)
			return nil
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		if n > 0 {
			break
		}
		port.Wait(ring.All)
	}
	fmt.Println("the other process:", other.Wait())
	// Output:
	// slot 1 says: hello, world
	// the other process: <nil>
}

// greet is the other process: it answers one record.
func greet(pair *ring.Pair) error {
	port, err := pair.Port(1, ring.Adaptive)
	if err != nil {
		return err
	}
	defer port.Close()
	lane, err := port.Open(0, ring.LaneSend)
	if err != nil {
		return err
	}
	for {
		n, err := port.Receive(ring.All, func(r *ring.Record) error {
			return lane.Send(ring.Meta{Type: 2}, fmt.Appendf(nil, "hello, %s", r.Payload))
		})
		if n > 0 || err != nil {
			return err
		}
		port.Wait(ring.All)
	}
}

func init() { ring.Children["greet"] = greet }

// A payload too large for a lane is lent from the slab, written once, and named
// by a record in the lane of each receiver.
func ExamplePort_Lend() {
	pair, err := ring.CreatePair(ring.Geometry{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pair.Close()
	sender, err := pair.Port(0, ring.Poll)
	if err != nil {
		fmt.Println(err)
		return
	}
	receiver, err := pair.Port(1, ring.Poll)
	if err != nil {
		fmt.Println(err)
		return
	}
	lane, err := sender.Open(1, ring.LaneSend)
	if err != nil {
		fmt.Println(err)
		return
	}

	loan, err := sender.Lend(1<<20, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loan.Release()
	for i := range loan.Bytes() {
		loan.Bytes()[i] = byte(i)
	}
	if err := loan.Seal(1 << 20); err != nil {
		fmt.Println(err)
		return
	}
	if err := lane.CommitLoan(loan, ring.Meta{}); err != nil {
		fmt.Println(err)
		return
	}
	if err := lane.Publish(); err != nil {
		fmt.Println(err)
		return
	}

	var kept []byte
	var release func()
	_, err = receiver.Receive(ring.All, func(r *ring.Record) error {
		kept, release = receiver.Retain(r) // stays where it is, beyond the handler
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(kept), "bytes, the last is", kept[len(kept)-1])
	release()
	// Output:
	// 1048576 bytes, the last is 255
}
