# Without a memory backend no other process can map the memory of the guest.
#~ 4:11 private-guest-memory
qemu-system-x86_64 -m 1G -chardev socket,id=c0,path=/tmp/vhost \
  -device vhost-user-fs-pci,chardev=c0,tag=home
