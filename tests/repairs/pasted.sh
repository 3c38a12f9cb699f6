qemu-system-x86_64 -m 4G \
  -object memory-backend-ram,id=ram0,size=4Gb,share=yes \
  -object memory-backend-ram,id=ram0,sise=1G \
  -object '{"qom-type": "memory-backend-memfd", "id": "m0", "size": "1G",}' \
  -object iothread,id=io0,poll-max-ns=-1 \
  -object rng-randm,id=rng0 \
  -object
