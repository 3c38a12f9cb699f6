# A quote has no end.
#~ 3:14 unterminated-quote
qemu -object 'memory-backend-ram,id=m,size=64K
