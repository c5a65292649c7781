package main

func Example() {
	main()
	// Output:
	// line 5: name must not be empty
	// 4 read, 2 created, 1 superseded, 1 rejected
	// lamp-1: Lamp for a desk (on sale: true)
	// table-1: Oak table (on sale: false)
}
