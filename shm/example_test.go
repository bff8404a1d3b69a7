package shm_test

import (
	"fmt"
	"os"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// An owner makes a segment, a peer maps it read-only. Here both are this
// process; elsewhere the descriptor travels by inheritance or over a socket.
func Example() {
	owner, err := shm.Create("greeting", shm.Header{Kind: shm.KindBlob, Size: 4096, Owner: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer owner.Close()
	copy(owner.Bytes()[shm.HeaderSize:], "hello")
	owner.Publish()

	file, err := shm.OpenShared(os.Getpid(), int(owner.File().Fd()))
	if err != nil {
		fmt.Println(err)
		return
	}
	peer, err := shm.Open(file, "greeting", shm.KindBlob, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer peer.Close()
	fmt.Printf("%s from slot %d\n", peer.Bytes()[shm.HeaderSize:][:5], peer.Header().Owner)
	fmt.Println(peer.Allocate(0, 4096))
	// Output:
	// hello from slot 1
	// shm: allocate in greeting: shm: segment is mapped read-only
}
