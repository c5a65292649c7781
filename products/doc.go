// Package products holds what a product is, what makes two SKUs the same, what a valid product looks like, and the
// contract of the stores that keep products.
//
// A store is made of small parts. Reader, Writer and Purger serve people and programs that handle products one by one;
// BatchWriter serves imports, which bring them by the ten thousand:
//
//	a client  -> Product, Patch -> Writer, Reader, Purger
//	an import -> Batch          -> BatchWriter -> BatchResult
//
// Package storetest holds the suite that every store passes.
package products
