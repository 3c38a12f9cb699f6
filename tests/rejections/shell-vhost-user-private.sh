# A vhost-user device needs all memory of the guest to be shared, that of a memory device too; ivshmem has its own.
#~ 4:114 unmet-need
qemu-system-x86_64 -m 1G,slots=2,maxmem=4G -M q35 -M memory-backend=ram0 \
  -object memory-backend-memfd,id=ram0,size=1G -object memory-backend-ram,id=ram1,size=1G -device pc-dimm,memdev=ram1 \
  -object '{"qom-type": "memory-backend-ram", "id": "ram2", "size": 1048576}' -device ivshmem-plain,memdev=ram2 \
  -chardev socket,id=c0,path=/tmp/vhost -netdev type=vhost-user,id=n0,chardev=c0 -device virtio-net-pci,netdev=n0
