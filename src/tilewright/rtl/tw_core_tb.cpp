// tw_core_tb.cpp: the clock of the testbench where Verilator runs it, and the program's main.
//
// A process that waits for time twice a cycle costs more than the whole testbench otherwise, so the clock
// comes from here. What waits for time, in the core or in the testbench, is resumed when it is due.

#include <cstdint>
#include <memory>

#include "Vtw_core_tb.h"
#include "verilated.h"

static constexpr uint64_t kHalfPeriodPs = 5000;

int main(int argc, char** argv) {
    const std::unique_ptr<VerilatedContext> context{new VerilatedContext};
    context->commandArgs(argc, argv);
#if VM_TRACE
    context->traceEverOn(true);
#endif
    const std::unique_ptr<Vtw_core_tb> bench{new Vtw_core_tb{context.get()}};
    bench->clk = 0;
    bench->eval();
    for (uint64_t edge = kHalfPeriodPs; !context->gotFinish(); edge += kHalfPeriodPs) {
        while (bench->eventsPending() && bench->nextTimeSlot() < edge && !context->gotFinish()) {
            context->time(bench->nextTimeSlot());
            bench->eval();
        }
        if (context->gotFinish()) break;
        context->time(edge);
        bench->clk = !bench->clk;
        bench->eval();
    }
    bench->final();
    return 0;
}
